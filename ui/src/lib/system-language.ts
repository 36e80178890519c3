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

if (!isLanguageTag(navigator.language)) {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
