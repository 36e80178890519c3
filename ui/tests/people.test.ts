/** The people of a bridge: how each stands, and changing whom it follows. */
import { describe, expect, it } from 'vitest';

import type { BridgeConfig, Person } from '../src/lib/model';
import {
  limited,
  limitOf,
  linesOf,
  namedPeople,
  peerOf,
  personStanding,
  withFollowed,
  withoutPerson,
  withPeer,
} from '../src/lib/people';
import { aConfig } from './samples';

const NOW = 1_800_000_000_000;

function aPerson(change: Partial<Person> = {}): Person {
  const [bob] = namedPeople({ config: aConfig() });
  if (!bob) throw new Error('the settings name nobody');
  return { ...bob, registered: true, wants: ['doors/#'], packs: true, posts_behind: 0, ...change };
}

const short = (change: Partial<Person>, running = true) =>
  personStanding(aPerson(change), running, NOW).short;

describe('a person', () => {
  it('is known by the settings alone while the bridge does not run', () => {
    const config = aConfig({ following: ['carol'], forwards: [{ from: 'a', type: 'private', to: ['bob'] }] });
    const named = namedPeople({ config });
    expect(named.map(({ name, followed, addressed }) => [name, followed, addressed])).toEqual([
      ['bob', false, true],
      ['carol', true, false],
    ]);
    expect(short({}, false)).toBe('Not known');
  });

  it('is never the account itself', () => {
    expect(namedPeople({ config: aConfig({ following: ['mqtt_alice', 'mqtt_bob'] }) })).toHaveLength(1);
  });

  it.each([
    [{ registered: false, wants: null }, 'Not registered'],
    [{ posts_behind: 7, waiting_out: 3 }, '7 posts behind'],
    [{ posts_behind: 1, waiting_out: 2, unheard: 3 }, '5 wait'],
    [{ wants: null }, 'Profile not found yet'],
    [{ last_seen_ms: null }, 'Nothing heard lately'],
    [{ last_seen_ms: NOW - 120_000 }, 'Seen 2 minutes ago'],
  ])('with %o stands by what matters most: %s', (change, words) => {
    expect(short(change)).toBe(words);
  });
});

describe('unfollowing', () => {
  const config: BridgeConfig = aConfig({
    following: ['bob', 'carol'],
    forwards: [
      { from: 'a', type: 'private', to: ['bob'] },
      { from: 'b', type: 'private', to: ['bob', 'carol'] },
      { from: 'c', type: 'public' },
    ],
    subscriptions: [
      'd/#',
      { filter: 'e/#', from: ['bob'], retain: 'keep' },
      { filter: 'f/#', from: ['bob', 'carol'], retain: 'keep' },
    ],
    peers: { bob: peerOf(aConfig(), 'bob'), carol: peerOf(aConfig(), 'carol') },
  });

  it('removes what is about that person alone, since a rule that names nobody would mean everybody', () => {
    const left = withoutPerson(config, 'bob');
    expect(left.following).toEqual(['carol']);
    expect(left.forwards.map(({ from, to }) => [from, to])).toEqual([
      ['b', ['carol']],
      ['c', undefined],
    ]);
    expect(left.subscriptions).toEqual(['d/#', { filter: 'f/#', from: ['carol'], retain: 'keep' }]);
    expect(Object.keys(left.peers ?? {})).toEqual(['carol']);
  });

  it('leaves the others as they are', () => {
    expect(withoutPerson(config, 'nobody')).toEqual(config);
  });
});

describe('changing people', () => {
  it('follows once', () => {
    const once = withFollowed(aConfig(), 'carol');
    expect(once.following).toEqual(['mqtt_bob', 'carol']);
    expect(withFollowed(once, 'carol')).toBe(once);
  });

  it('sets limits and leaves out those that are as for everybody', () => {
    const peer = limited(peerOf(aConfig(), 'mqtt_bob'), ['doors/#'], 60, null);
    expect(peer).toEqual({
      first_contact: 'from_now_on',
      after_absence: 'everything',
      topics: ['doors/#'],
      messages_per_minute: 60,
    });
    expect(withPeer(aConfig(), 'mqtt_bob', peer).peers).toEqual({ mqtt_bob: peer });
  });

  it('reads topics line by line and limits as whole numbers', () => {
    expect(linesOf(' doors/# \n\n fridges/+\n')).toEqual(['doors/#', 'fridges/+']);
    expect(['', ' 60 ', '0', '-1', '1.5', 'x', '5000000000'].map(limitOf)).toEqual([
      null,
      60,
      ...Array<undefined>(5).fill(undefined),
    ]);
  });
});
