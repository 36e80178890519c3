/** A system without a language. */
import { afterEach, describe, expect, it, vi } from 'vitest';

function speak(language: string): void {
  Object.defineProperty(navigator, 'language', { value: language, configurable: true });
}

const before = navigator.language;
afterEach(() => speak(before));

describe('the system’s language', () => {
  it.each([
    ['C', 'en'],
    ['', 'en'],
    ['de-CH', 'de-CH'],
  ])('%j is taken for %j', async (said, taken) => {
    speak(said);
    vi.resetModules();
    await import('../src/lib/system-language');
    expect(navigator.language).toBe(taken);
    expect(() => new Intl.NumberFormat(navigator.language)).not.toThrow();
  });
});
