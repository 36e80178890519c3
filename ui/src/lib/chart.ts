/** The library that draws charts, brought when there is one to draw. */
import type uPlot from 'uplot';

import { locale } from '../i18n/index.svelte';

export type { uPlot };

/**
 * As soon as it is there, the library writes a number in the system's language, and ends with an error if that is none: a
 * system without one calls it `C`.
 */
export async function loadChart(): Promise<typeof uPlot> {
  if (!isLanguage(navigator.language)) {
    Object.defineProperty(navigator, 'language', { value: locale.current, configurable: true });
  }
  return (await import('uplot')).default;
}

export function isLanguage(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length >= 0;
  } catch {
    return false;
  }
}
