import { describe, expect, it } from 'vitest';

import { ageWords, delayWords, effect, selectionOf, stageWords, total } from '../src/lib/queue';
import type { QueueCounts, QueueEntryView } from '../src/lib/model';
import { aRunningState } from './samples';

const counts: QueueCounts = { waiting: 1, held: 2, packed: 3, posted: 4, seen: 5 };

describe('the queue', () => {
  it('counts what an action would change, and what it comes too late for', () => {
    expect(total(counts)).toBe(15);
    expect(effect('hold', counts)).toEqual({ changes: 1, tooLate: 12 });
    expect(effect('release', counts)).toEqual({ changes: 2, tooLate: 0 });
    expect(effect('drop', counts)).toEqual({ changes: 12, tooLate: 3 });
    expect(effect('retry', counts)).toEqual({ changes: 4, tooLate: 0 });
  });

  it('means all messages unless something is said', () => {
    expect(selectionOf({ receiver: null, topic: '' })).toEqual({ ids: [], receiver: null, topic: null });
    expect(selectionOf({ receiver: { account: null }, topic: 'a/#' }, [3])).toEqual({
      ids: [3],
      receiver: { account: null },
      topic: 'a/#',
    });
  });

  it('says why something waits, and when it goes on', () => {
    const quota = { next_number: 1, highest_allowed: 0, left: 0, pace: 'out' as const, more_at_ms: 600_000 };
    const state = aRunningState({ quota });
    const bob = { receiver: 'mqtt_bob', last_heard_ms: 60_000 };
    expect(delayWords('no_posts', bob, state, 0)).toBe(
      'The posts are used up. The next are expected in 10 minutes.',
    );
    expect(delayWords('silent', bob, state, 120_000)).toMatch(/@mqtt_bob .* last heard of 1 minute ago\.$/);
    expect(delayWords('not_heard_of', bob, state, 0)).toMatch(/^Nobody knows yet what @mqtt_bob wants/);
    const problem = {
      bridge: 'home',
      part: 'node',
      code: 'node_unreachable',
      message: '',
      time_ms: 0,
    } as const;
    const down = aRunningState({ node: { status: 'down', problem } });
    expect(delayWords('not_ready', bob, down, 0)).toMatch(/\(The Twister node does not answer\.\)$/);
  });

  it('says how old a message is and when it expires', () => {
    const entry = { taken_ms: 0, expires_ms: null } as QueueEntryView;
    expect(ageWords(entry, 120_000)).toEqual({ age: '2 minutes ago', expiry: 'does not expire' });
    expect(ageWords({ ...entry, expires_ms: 180_000 }, 120_000).expiry).toBe('expires in 1 minute');
    expect(stageWords('held').word).toBe('held');
  });
});
