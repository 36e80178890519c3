/**
 * Every text that a person reads, in the language that was chosen. The texts are in one catalogue: a folder for each
 * language with a file for each page, in ICU message format. What is shown changes with the language at once.
 */
import { IntlMessageFormat } from 'intl-messageformat';

import type { MessageKey } from './keys';
import { bestLanguage, type Language } from './languages';

export type { MessageKey } from './keys';
export { LANGUAGE_NAMES, LANGUAGES, type Language } from './languages';

export type Values = Record<string, string | number | Date>;

type Texts = Record<string, string>;

const FILES = import.meta.glob<Texts>('./*/*.json', { eager: true, import: 'default' });

class Locale {
  current: Language = $state(bestLanguage(navigator.languages));

  /** Shows everything in this language; in the system's if none is named. */
  choose(language: Language | null): void {
    this.current = language ?? bestLanguage(navigator.languages);
    document.documentElement.lang = this.current;
  }
}

export const locale = new Locale();

// What was made once stays as it is: nothing is to be redrawn for it.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const formats = new Map<string, IntlMessageFormat>();

/** A text of the catalogue with its values filled in. */
export function t(key: MessageKey, values: Values = {}): string {
  return String(format(locale.current, key).format(values));
}

function format(language: Language, key: MessageKey): IntlMessageFormat {
  const name = `${language}/${key}`;
  const known = formats.get(name);
  if (known) return known;
  const [page = '', id = ''] = key.split(/\.(.*)/s);
  // A text that a language lacks is shown in English rather than as a hole; a test keeps it from happening.
  const text = FILES[`./${language}/${page}.json`]?.[id] ?? FILES[`./en/${page}.json`]?.[id] ?? key;
  const made = new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
  formats.set(name, made);
  return made;
}
