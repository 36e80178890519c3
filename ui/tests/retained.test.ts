import { describe, expect, it } from 'vitest';

import {
  below,
  clearOf,
  differs,
  matching,
  thereWords,
  topicOf,
  tree,
  valueWords,
} from '../src/lib/retained';
import type { RetainedView, ThereView } from '../src/lib/model';

const value = (text: string) => ({ bytes: text.length, preview_base64: btoa(text) });

function there(change: Partial<ThereView> = {}): ThereView {
  return { receiver: 'mqtt_bob', topic: 'x', value: value('open'), coming: null, same: true, ...change };
}

function row(topic: string, change: Partial<RetainedView> = {}): RetainedView {
  return { topic, here: value('open'), came_in: false, from: null, there: [there({ topic })], ...change };
}

const rows = [
  row('doors/front'),
  row('doors/back', { there: [there({ same: false })] }),
  row('lamp'),
  row('doors/garage/left', {
    topic: null,
    here: null,
    there: [there({ topic: 'doors/garage/left', same: false })],
  }),
];

describe('retained messages', () => {
  it('stand in a tree with what is below each branch counted', () => {
    const shown = tree(rows, new Set()).map((one) => `${one.kind} ${one.depth} ${one.name}`);
    expect(shown).toEqual([
      'branch 0 doors',
      'topic 1 back',
      'topic 1 front',
      'branch 1 garage',
      'topic 2 left',
      'topic 0 lamp',
    ]);
    expect(tree(rows, new Set())[0]).toMatchObject({ topics: 3, differing: 2 });
  });

  it('leave out what is below a folded branch', () => {
    expect(tree(rows, new Set(['doors'])).map(({ path }) => path)).toEqual(['doors', 'lamp']);
  });

  it('are found by a part of their topic', () => {
    expect(matching(rows, 'GARAGE').map(topicOf)).toEqual(['doors/garage/left']);
    expect(below(rows, 'doors')).toHaveLength(3);
    expect(below(rows, 'lamp')).toHaveLength(1);
    expect(rows.filter(differs)).toHaveLength(2);
  });

  it('are cleared by their topic here, or where nothing is kept here as they were sent', () => {
    expect(clearOf(rows)).toEqual({
      topics: ['doors/front', 'doors/back', 'lamp'],
      given: [{ receiver: 'mqtt_bob', topic: 'doors/garage/left' }],
    });
  });

  it('show their values as text where they are text', () => {
    expect(valueWords(null)).toBe('nothing');
    expect(valueWords(value('on\n'))).toBe('on ');
    expect(valueWords({ bytes: 900, preview_base64: btoa('long') })).toBe('long…');
    expect(valueWords(value('\u0000\u0001'))).toBe('2 bytes');
  });

  it('say what a receiver has', () => {
    expect(thereWords(there())).toEqual({ word: 'has the same', tone: 'good' });
    expect(thereWords(there({ same: false })).word).toBe('has something else');
    expect(thereWords(there({ same: false, value: null })).word).toBe('has nothing');
    expect(thereWords(there({ coming: 'held' }))).toEqual({ word: 'held back by you', tone: 'wait' });
  });
});
