/** Quota and profile in words and figures. */
import { describe, expect, it } from 'vitest';

import type { Profile, QuotaHistory } from '../src/lib/model';
import { changesOf, textsOf } from '../src/lib/profile';
import { chartData, fillOf, forecastWords } from '../src/lib/quota';

const NOW = 1_800_000_000_000;

function history(forecast: QuotaHistory['forecast']): QuotaHistory {
  return { samples: [{ time_s: NOW / 1000, used: 10, left: 90 }], forecast };
}

describe('the forecast', () => {
  it('says that it is too early', () => {
    expect(forecastWords(history(null), NOW)).toContain('Too early');
  });

  it('says that posts last, and why', () => {
    const lasts = { used_per_hour: 2, gained_per_hour: 12, empty_at_ms: null };
    expect(forecastWords(history(lasts), NOW)).toBe(
      'They will last: about 2 an hour are used and 12 gained.',
    );
  });

  it('says when posts end, and what to do', () => {
    const ends = { used_per_hour: 60, gained_per_hour: 12, empty_at_ms: NOW + 2 * 3_600_000 };
    expect(forecastWords(history(ends), NOW)).toMatch(/used in 2 hours.*send less/);
  });
});

describe('the gauge', () => {
  it('is full when there is plenty', () => {
    expect([0, 250, 500, 90_000].map(fillOf)).toEqual([0, 0.5, 1, 1]);
  });

  it('makes a line of a single sample', () => {
    expect(chartData(history(null))).toEqual([
      [NOW / 1000 - 60, NOW / 1000],
      [90, 90],
    ]);
    expect(chartData({ samples: [], forecast: null })).toEqual([[], []]);
  });
});

describe('a profile', () => {
  const profile: Profile = {
    found: true,
    fields: [
      { name: 'pet', value: 'cat', editable: true },
      { name: 'mqtt_topics', value: '["doors/#"]', editable: false },
      { name: 'bio', value: 'Doors.', editable: true },
    ],
  };

  it('offers the usual fields first and its own after them', () => {
    expect(Object.keys(textsOf(profile))).toEqual(['fullname', 'bio', 'location', 'url', 'pet']);
  });

  it('gives away only what was changed, and removes what was emptied', () => {
    const texts = textsOf(profile);
    expect(changesOf(profile, texts)).toEqual({});
    expect(changesOf(profile, { ...texts, fullname: ' Alice ', bio: '', url: ' ' })).toEqual({
      fullname: 'Alice',
      bio: null,
    });
  });
});
