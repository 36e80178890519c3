import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { BackendError } from '../src/lib/backend';
import { Explorer } from '../src/lib/explorer.svelte';
import { elementsOf, rangeOf, scrolledTo } from '../src/lib/window';
import { FakeBackend } from './fake-backend';
import { aDetail, aRow } from './samples';

function backendWith(...keys: number[]): FakeBackend {
  const backend = new FakeBackend();
  backend.details = keys.map((key) => aDetail({ row: aRow({ key, topic: `t/${key}` }) }));
  return backend;
}

describe('the explorer of messages', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks again a few times a second however much happens', async () => {
    const backend = backendWith(1);
    const stop = new Explorer(backend, null).listen();
    await vi.advanceTimersByTimeAsync(1);
    backend.asked = [];
    for (let step = 0; step < 100; step++) {
      backend.tell({});
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(backend.asked.length).toBeLessThanOrEqual(5);
    expect(backend.asked.length).toBeGreaterThanOrEqual(3);
    stop();
  });

  it('does not look for what happens at other bridges', async () => {
    const backend = backendWith(1);
    const stop = new Explorer(backend, 'office').listen();
    await vi.advanceTimersByTimeAsync(1);
    backend.asked = [];
    backend.tell({ id: 'home' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(backend.asked).toEqual([]);
    stop();
  });

  it('holds the list still while it is paused, counts what comes, and has it after', async () => {
    const backend = backendWith(1, 2);
    const explorer = new Explorer(backend, null);
    await explorer.refresh();
    explorer.pause();
    backend.details = [...backend.details, aDetail({ row: aRow({ key: 3 }) })];
    await explorer.refresh();
    expect([explorer.page.total, explorer.page.newer]).toEqual([2, 1]);
    explorer.hold(false);
    expect(explorer.upto).toBe(2);
    explorer.pause();
    await explorer.refresh();
    expect(explorer.page.rows.map(({ key }) => key)).toEqual([3, 2, 1]);
  });

  it('holds the list still for whoever reads further down, and lets it go at the top', async () => {
    const explorer = new Explorer(backendWith(1, 2), null);
    await explorer.refresh();
    explorer.hold(true);
    expect(explorer.upto).toBe(2);
    explorer.hold(false);
    expect(explorer.upto).toBeNull();
  });

  it('shows one message closely, and keeps it in sight when it is forgotten', async () => {
    const backend = backendWith(1);
    const explorer = new Explorer(backend, null);
    await explorer.refresh();
    await explorer.select(1);
    expect(explorer.detail?.row.key).toBe(1);
    backend.details = [];
    await explorer.refresh();
    expect(explorer.detail?.row.key).toBe(1);
    await explorer.select(null);
    expect(explorer.detail).toBeNull();
  });

  it('says what is wrong with a filter and goes on when it is right', async () => {
    const backend = backendWith(1);
    const explorer = new Explorer(backend, null);
    backend.failure = new BackendError({ code: 'invalid_settings', message: 'no filter', field: 'topic' });
    await explorer.changed();
    expect(explorer.problem?.field).toBe('topic');
    await explorer.changed();
    expect(explorer.problem).toBeNull();
    explorer.topic = 't/#';
    expect(explorer.filtered).toBe(true);
    explorer.clearFilter();
    expect(explorer.query).toMatchObject({ topic: '', steps: [] });
  });
});

describe('the rows of a long list', () => {
  it('are those that can be seen and some around', () => {
    expect(rangeOf({ top: 0, height: 280, row: 28 })).toEqual({ from: 0, count: 22 });
    expect(rangeOf({ top: 2800, height: 280, row: 28 })).toEqual({ from: 88, count: 34 });
    expect(rangeOf({ top: 0, height: 99_999, row: 28 }).count).toBe(200);
  });

  it('are scrolled no further than is needed to see one', () => {
    const seen = { top: 100, height: 100, row: 20 };
    expect([scrolledTo(4, seen), scrolledTo(6, seen), scrolledTo(12, seen)]).toEqual([80, 100, 160]);
  });
});

describe('the elements of rows', () => {
  const elements = (keys: string[], before = new Map<string, number>()) => elementsOf(keys, before);

  it('stay with the rows that stay, and pass from those that go to those that come', () => {
    const first = elements(['a', 'b', 'c']);
    const second = elements(['d', 'a', 'b'], first);
    expect([second.get('a'), second.get('b')]).toEqual([first.get('a'), first.get('b')]);
    expect(second.get('d')).toBe(first.get('c'));
  });

  it('are never two rows at once, and no more than rows were ever shown', () => {
    let shown = elements([]);
    for (const keys of [['a', 'b', 'c', 'd'], ['e'], ['f', 'g', 'a'], ['h', 'i', 'j', 'k'], ['k', 'h']]) {
      shown = elements(keys, shown);
      const used = [...shown.values()];
      expect([...shown.keys()]).toEqual(keys);
      expect(new Set(used).size).toBe(keys.length);
      expect(Math.max(...used)).toBeLessThan(4);
    }
  });
});
