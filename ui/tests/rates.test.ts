import { describe, expect, it } from 'vitest';

import { Rates } from '../src/lib/rates';
import { aState } from './samples';

const counters = (posted: number, delivered: number) => ({ ...aState().counters, posted, delivered });

describe('a rate', () => {
  it('is nothing before anything was seen', () => {
    expect(new Rates().at(5)).toEqual({ out: 0, in: 0 });
  });

  it('is what crossed in the last minute', () => {
    const rates = new Rates();
    rates.note(counters(100, 7), 0);
    rates.note(counters(110, 8), 30_000);
    rates.note(counters(140, 9), 70_000);
    expect(rates.at(70_000)).toEqual({ out: 40, in: 2 });
    expect(rates.at(95_000)).toEqual({ out: 30, in: 1 });
  });

  it('falls to nothing when nothing crosses any more', () => {
    const rates = new Rates();
    rates.note(counters(0, 0), 0);
    rates.note(counters(10, 0), 1_000);
    expect(rates.at(62_000)).toEqual({ out: 0, in: 0 });
  });

  it('begins anew with counters that went back', () => {
    const rates = new Rates();
    rates.note(counters(500, 500), 0);
    rates.note(counters(2, 0), 1_000);
    rates.note(counters(3, 1), 2_000);
    expect(rates.at(2_000)).toEqual({ out: 1, in: 1 });
  });
});
