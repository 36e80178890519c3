/**
 * Before anything else runs: a system without a language (LANG=C) makes the web view call its language "C", which is no
 * language tag, and what formats numbers by it would fail.
 */
function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

/** What is spoken where the system does not say. */
export const DEFAULT_LANGUAGE = 'en';

if (!isLanguageTag(navigator.language)) {
  Object.defineProperty(navigator, 'language', { value: DEFAULT_LANGUAGE, configurable: true });
}
