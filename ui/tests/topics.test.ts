import { describe, expect, it } from 'vitest';

import {
  accountProblem,
  bridgeNameProblem,
  exampleTopic,
  filterProblem,
  overlap,
  topicProblem,
} from '../src/lib/topics';
import { withoutCredentials } from '../src/lib/url';

describe('a topic filter', () => {
  it('may have wildcards where MQTT allows them', () => {
    for (const filter of ['#', '+', 'a/+/b', 'a/#', '/', 'ü/1']) expect(filterProblem(filter)).toBeNull();
  });

  it('is refused with the reason where it does not', () => {
    expect(filterProblem('a/#/b')).toMatch(/^# must stand alone/);
    expect(filterProblem('a#')).toMatch(/^# must stand alone/);
    expect(filterProblem('a+')).toMatch(/^\+ must stand alone/);
    expect(filterProblem('')).not.toBeNull();
  });

  it('overlaps another when some topic matches both', () => {
    for (const [one, other] of [
      ['a/#', 'a/b'],
      ['a/#', 'a'],
      ['a', 'a/#'],
      ['+/b', 'a/+'],
      ['#', 'x/y'],
      ['a/+/c', 'a/b/#'],
    ] as const) {
      expect(overlap(one, other), `${one} and ${other}`).toBe(true);
    }
  });

  it('does not overlap one that can never match the same topic', () => {
    for (const [one, other] of [
      ['a/b', 'a/c'],
      ['a', 'a/b'],
      ['a/+', 'a/b/c'],
      ['a/b/#', 'a/c/#'],
    ] as const) {
      expect(overlap(one, other), `${one} and ${other}`).toBe(false);
    }
  });

  it('gives an example that it matches', () => {
    expect(exampleTopic('a/+/#')).toBe('a/1/1');
    expect(topicProblem(exampleTopic('a/+/#'))).toBeNull();
  });
});

describe('a name', () => {
  it('of an account follows the chain’s rules', () => {
    expect(accountProblem('mqtt_bob1')).toBeNull();
    expect(accountProblem('Bob')).toMatch('a-z');
    expect(accountProblem('a'.repeat(17))).toMatch('16');
  });

  it('of a bridge can stand in a file name', () => {
    expect(bridgeNameProblem('my-home_1')).toBeNull();
    expect(bridgeNameProblem('a/b')).not.toBeNull();
    expect(bridgeNameProblem('')).not.toBeNull();
  });
});

describe('an address with a login in it', () => {
  it('is taken apart', () => {
    expect(withoutCredentials('http://me:p%40ss:x@host:28332')).toEqual({
      url: 'http://host:28332',
      user: 'me',
      password: 'p@ss:x',
    });
  });

  it('without a login is left alone', () => {
    expect(withoutCredentials('http://host:28332')).toBeNull();
  });
});
