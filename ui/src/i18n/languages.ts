/** The languages that the window speaks. */
export const LANGUAGES = ['en', 'de', 'fr', 'pt-BR'] as const;

export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself: whoever looks for theirs can read it. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  'pt-BR': 'Português (Brasil)',
};

/** The first of the wanted languages that the window speaks: by its whole tag, else by its first part; else English. */
export function bestLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const lower = tag.toLowerCase();
    const found =
      LANGUAGES.find((language) => language.toLowerCase() === lower) ??
      LANGUAGES.find((language) => language.split('-')[0] === lower.split(/[-_]/)[0]);
    if (found) return found;
  }
  return 'en';
}
