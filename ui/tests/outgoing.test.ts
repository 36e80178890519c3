import { describe, expect, it } from 'vitest';

import { countProperties, messageProblems, newMessage, NO_PROPERTIES } from '../src/lib/outgoing';
import { STANDINGS, stepsOf } from '../src/lib/standing';

describe('a message that is written', () => {
  it('names every field that cannot be used', () => {
    const properties = {
      ...NO_PROPERTIES,
      response_topic: '+',
      correlation_data: '0',
      correlation_format: 'hex' as const,
      expiry_s: 1.5,
    };
    const bad = { ...newMessage('home', ''), payload: '{', format: 'json' as const, properties };
    expect([...messageProblems(bad).keys()]).toEqual([
      'topic',
      'payload',
      'properties.response_topic',
      'properties.correlation_data',
      'properties.expiry_s',
    ]);
    expect(messageProblems(newMessage('home', 'doors/1')).size).toBe(0);
  });

  it('says how many properties are set', () => {
    expect(countProperties(NO_PROPERTIES)).toBe(0);
    expect(countProperties({ ...NO_PROPERTIES, expiry_s: 0, is_text: true, user: [['a', 'b']] })).toBe(3);
  });
});

describe('how a message stands', () => {
  it('is one of a few words for each step', () => {
    const steps = STANDINGS.flatMap(stepsOf);
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps).toHaveLength(11);
  });
});
