import { describe, expect, it } from 'vitest';

import { journey } from '../src/lib/journey';
import { aDetail, aRow } from './samples';

const steps = (detail: Parameters<typeof journey>[0]) =>
  journey(detail).map(({ step, time }) => [step, time]);

describe('the journey of a message', () => {
  it('shows what was reached, and what is still to come', () => {
    const row = aRow({ public: false, peer: 'bob', step: 'posted' });
    const detail = aDetail({
      row,
      taken_ms: 10,
      steps: [
        { step: 'queued', time_ms: 12 },
        { step: 'posted', time_ms: 40 },
      ],
    });
    expect(steps(detail)).toEqual([
      ['taken', 10],
      ['queued', 12],
      ['posted', 40],
      ['seen', null],
      ['acked', null],
    ]);
    expect(journey(detail)[2]?.after).toBe(28);
  });

  it('leaves out a stage that nobody spoke of once a later one was reached', () => {
    const row = aRow({ public: false, peer: 'bob', step: 'acked' });
    const all = ['queued', 'posted', 'acked'] as const;
    const detail = aDetail({ row, steps: all.map((step, time_ms) => ({ step, time_ms })) });
    expect(steps(detail).map(([step]) => step)).toEqual(['taken', 'queued', 'posted', 'acked']);
  });

  it('ends where the message ended', () => {
    const detail = aDetail({
      row: aRow({ step: 'expired' }),
      steps: [
        { step: 'queued', time_ms: 1 },
        { step: 'expired', time_ms: 9 },
      ],
    });
    expect(steps(detail)).toEqual([
      ['taken', 0],
      ['queued', 1],
      ['expired', 9],
    ]);
  });

  it('of one that came in, and of one that goes to nobody, is short', () => {
    const came = aDetail({
      row: aRow({ direction: 'in', step: 'received' }),
      taken_ms: null,
      steps: [{ step: 'received', time_ms: 3 }],
    });
    expect(steps(came)).toEqual([
      ['received', 3],
      ['delivered', null],
    ]);
    const unsent = aDetail({ row: aRow({ step: 'taken' }), steps: [{ step: 'taken', time_ms: 3 }] });
    expect(steps(unsent)).toEqual([['taken', 0]]);
  });
});
