import { afterEach, describe, expect, it, vi } from 'vitest';

import { bytes, duration, list, number, relative, timeOfDay } from '../src/i18n/format';
import { locale, t } from '../src/i18n/index.svelte';
import { bestLanguage } from '../src/i18n/languages';

afterEach(() => locale.choose('en'));

describe('the language', () => {
  it('is the first wanted one that the window speaks', () => {
    expect(bestLanguage(['sv-SE', 'fr-CA', 'en'])).toBe('fr');
    expect(bestLanguage(['pt'])).toBe('pt-BR');
    expect(bestLanguage(['de_AT'])).toBe('de');
  });

  it('is English where none is spoken', () => {
    expect(bestLanguage([])).toBe('en');
    expect(bestLanguage(['sv'])).toBe('en');
  });

  it('changes texts, numbers and times together', () => {
    locale.choose('de');
    expect(t('states.running')).toBe('Läuft');
    expect(number(1234.5, 1)).toBe('1.234,5');
    expect(relative(0, 7_200_000)).toBe('vor 2 Stunden');
    expect(list(['a', 'b'])).toBe('a und b');
    expect(document.documentElement.lang).toBe('de');
  });

  it('counts as it should', () => {
    expect(t('overview.waiting', { count: 1 })).toBe('1 message waits');
    expect(t('overview.waiting', { count: 1200 })).toBe('1,200 messages wait');
  });

  it('writes sizes and spans in the unit that fits', () => {
    expect(bytes(999)).toBe('999 bytes');
    expect(bytes(2_048)).toBe('2 kB');
    expect(duration(59)).toBe('59 sec');
    expect(duration(7_300)).toBe('2 hr');
  });

  it('is asked once for how it writes times, however many there are, and again when another is chosen', () => {
    const asked: unknown[] = [];
    class Counted extends Intl.DateTimeFormat {
      constructor(...wanted: ConstructorParameters<typeof Intl.DateTimeFormat>) {
        super(...wanted);
        asked.push(wanted[0]);
      }
    }
    vi.stubGlobal('Intl', Object.assign(Object.create(Intl), { DateTimeFormat: Counted }));
    for (const language of ['de', 'fr', 'de'] as const) {
      locale.choose(language);
      for (let time = 0; time < 100; time += 1) timeOfDay(time * 1000);
    }
    vi.unstubAllGlobals();
    expect(asked).toEqual(['de', 'fr']);
  });
});
