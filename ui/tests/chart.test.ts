import { describe, expect, it } from 'vitest';

import { isLanguage } from '../src/lib/chart';

describe('a language', () => {
  it('is what the engine of numbers and dates takes for one', () => {
    expect(isLanguage('pt-BR')).toBe(true);
    expect(isLanguage('C')).toBe(false);
  });
});
