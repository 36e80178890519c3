import { describe, expect, it } from 'vitest';

import { MOST_ROWS, withSteps } from '../src/lib/messages';
import { aMessage } from './samples';

describe('the short list of messages', () => {
  it('has one row a message, which follows its steps', () => {
    const rows = withSteps([], [aMessage(), aMessage({ step: 'posted', number: 14, time_ms: 9 })]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.message).toMatchObject({ step: 'posted', number: 14 });
    expect(rows[0]?.steps).toEqual([
      { step: 'queued', time: 0 },
      { step: 'posted', time: 9 },
    ]);
  });

  it('has the newest message first', () => {
    const rows = withSteps([], [aMessage({ id: '1/', topic: 'a' }), aMessage({ id: '2/', topic: 'b' })]);
    expect(rows.map(({ message }) => message.topic)).toEqual(['b', 'a']);
  });

  it('keeps messages apart that look the same', () => {
    const rows = withSteps(
      [],
      [aMessage({ id: '1/' }), aMessage({ id: '2/' }), aMessage({ id: '1/', step: 'posted' })],
    );
    expect(rows.map(({ message }) => message.step)).toEqual(['queued', 'posted']);
    expect(withSteps(rows, [aMessage({ id: '1/', direction: 'in', step: 'received' })])).toHaveLength(3);
  });

  it('takes a step that is told again for one', () => {
    expect(withSteps([], [aMessage(), aMessage()])[0]?.steps).toHaveLength(1);
  });

  it('is bounded, and the oldest rows go', () => {
    const steps = Array.from({ length: MOST_ROWS + 20 }, (_, index) =>
      aMessage({ id: `${index}/`, topic: `t/${index}` }),
    );
    const rows = withSteps([], steps);
    expect(rows).toHaveLength(MOST_ROWS);
    expect(rows.at(-1)?.message.topic).toBe('t/20');
  });
});
