import { describe, expect, it } from 'vitest';

import { matching, MOST_ROWS, withSteps } from '../src/lib/messages';
import { aMessage } from './fake-backend';

describe('the list of messages', () => {
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
    const rows = withSteps([], [aMessage({ topic: 'a' }), aMessage({ topic: 'b' })]);
    expect(rows.map(({ message }) => message.topic)).toEqual(['b', 'a']);
  });

  it('gives a step to the oldest of several messages that look the same', () => {
    const rows = withSteps(
      [],
      [aMessage({ time_ms: 1 }), aMessage({ time_ms: 2 }), aMessage({ step: 'posted' })],
    );
    expect(rows.map(({ message }) => message.step)).toEqual(['queued', 'posted']);
  });

  it('keeps messages apart that differ in receiver, direction or payload', () => {
    const steps = [
      aMessage({ peer: 'bob', public: false }),
      aMessage({ peer: 'eve', public: false, step: 'posted' }),
      aMessage({ payload_base64: btoa('other'), step: 'posted' }),
      aMessage({ direction: 'in', step: 'received' }),
    ];
    expect(withSteps([], steps)).toHaveLength(4);
  });

  it('shows a step whose beginning was forgotten', () => {
    expect(withSteps([], [aMessage({ step: 'posted' })])[0]?.message.step).toBe('posted');
  });

  it('is bounded, and the oldest rows go', () => {
    const steps = Array.from({ length: MOST_ROWS + 20 }, (_, index) => aMessage({ topic: `t/${index}` }));
    const rows = withSteps([], steps);
    expect(rows).toHaveLength(MOST_ROWS);
    expect(rows.at(-1)?.message.topic).toBe('t/20');
  });

  it('can be searched by topic, payload and account, whatever the case', () => {
    const rows = withSteps(
      [],
      [aMessage(), aMessage({ topic: 'x', payload_base64: btoa('Bye'), peer: 'bob' })],
    );
    const found = (text: string) => matching(rows, text).map(({ message }) => message.topic);
    expect(found('SENSORS')).toEqual(['sensors/1']);
    expect(found('bye')).toEqual(['x']);
    expect(found('bob')).toEqual(['x']);
    expect(found(' ')).toHaveLength(2);
  });
});
