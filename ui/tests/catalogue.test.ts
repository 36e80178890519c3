/** The catalogue of texts has no holes, and the window shows no text from elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';

import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { parse as parseSvelte } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';

import { LANGUAGES } from '../src/i18n/languages';

type Texts = Record<string, string>;

const CATALOGUE = import.meta.glob<Texts>('../src/i18n/*/*.json', { import: 'default', eager: true });
const MARKUP = import.meta.glob<string>('../src/**/*.svelte', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const CODE = import.meta.glob<string>('../src/**/*.ts', { query: '?raw', import: 'default', eager: true });

const pages = (language: string) =>
  Object.keys(CATALOGUE).flatMap((file) => file.match(`/i18n/${language}/(.*)[.]json$`)?.[1] ?? []);
const PAGES = pages('en');

function texts(language: string, page: string): Texts {
  return CATALOGUE[`../src/i18n/${language}/${page}.json`] ?? {};
}

/** The values that a text wants, by name. */
function wanted(elements: MessageFormatElement[]): string[] {
  return elements.flatMap((element) => {
    if (element.type === TYPE.literal || element.type === TYPE.pound) return [];
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      return [element.value, ...Object.values(element.options).flatMap(({ value }) => wanted(value))];
    }
    return [element.value];
  });
}

const values = (text: string) => [...new Set(wanted(parse(text, { ignoreTag: true })))].sort();

/** Words that markup shows without asking the catalogue: texts, and attributes that are seen or heard. */
function literals(source: string): string[] {
  const found: string[] = [];
  const heard = ['title', 'label', 'placeholder', 'alt', 'hint', 'aria-label', 'heading', 'empty'];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    const { type, data, name, value } = node as Record<string, unknown>;
    if (type === 'Text' && /\p{L}{2,}/u.test(String(data))) found.push(String(data).trim());
    const quiet = type === 'StyleDirective' || (type === 'Attribute' && !heard.includes(String(name)));
    if (quiet) {
      // What is in braces may hold markup of its own; the rest is for machines.
      return visit(Array.isArray(value) ? value.filter((part) => part.type !== 'Text') : value);
    }
    Object.values(node).forEach(visit);
  };
  visit(parseSvelte(source, { modern: true }).fragment);
  return found;
}

/** The tray and the notifications say theirs from Rust. */
function rustSources(): string {
  const folder = '../src-tauri';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const rust = files.filter((file) => file.endsWith('.rs'));
  return rust.map((file) => readFileSync(`${folder}/${file}`, 'utf8')).join('\n');
}

describe('the catalogue', () => {
  it.each(LANGUAGES)('has every text in %s, with the same values to fill in', (language) => {
    for (const page of PAGES) {
      const [english, other] = [texts('en', page), texts(language, page)];
      expect(Object.keys(other), `${language}/${page}`).toEqual(Object.keys(english));
      for (const [key, text] of Object.entries(english)) {
        expect(values(other[key] ?? ''), `${language}/${page}.${key}`).toEqual(values(text));
      }
    }
  });

  it('has a file for each page and no others in every language', () => {
    for (const language of LANGUAGES) {
      expect(pages(language), language).toEqual(PAGES);
    }
  });

  it('has no text that nobody shows', () => {
    const source = [...Object.values(MARKUP), ...Object.values(CODE)].join('\n');
    const rust = rustSources();
    const unused = PAGES.flatMap((page) =>
      Object.keys(texts('en', page)).filter((key) => {
        // A name that is put together of parts, such as `states.step_${step}`, is used by its beginning.
        const stems = [...key.matchAll(/_/g)].map(({ index }) => `${page}.${key.slice(0, index + 1)}\${`);
        const names = [`${page}.${key}'`, `'${key}'`, `${page}.\${`, ...stems];
        const said = page === 'desktop' && rust.includes(`"${key}"`);
        return !said && !names.some((name) => source.includes(name));
      }),
    );
    expect(unused).toEqual([]);
  });
});

describe('the markup', () => {
  it.each(Object.entries(MARKUP))('takes every text in %s from the catalogue', (_, source) => {
    expect(literals(source)).toEqual([]);
  });
});
