/** Asking again and again while a page is open. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Polled } from '../src/lib/polled.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('asking again and again', () => {
  it('waits after each answer, as long as that says', async () => {
    let asked = 0;
    const polled = new Polled(
      async () => ++asked,
      (value) => (value === 1 ? 100 : 1000),
    );
    const stop = polled.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(polled.value).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(polled.value).toBe(2);
    await vi.advanceTimersByTimeAsync(999);
    expect(asked).toBe(2);
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(2);
  });

  it('keeps the last answer beside the error, and goes on', async () => {
    const answers = [async () => 'good', () => Promise.reject(new Error('gone')), async () => 'back'];
    const polled = new Polled(() => (answers.shift() ?? (async () => 'more'))(), 10);
    const stop = polled.start();
    await vi.advanceTimersByTimeAsync(0);
    await vi.advanceTimersByTimeAsync(10);
    expect([polled.value, polled.error?.message]).toEqual(['good', 'gone']);
    await vi.advanceTimersByTimeAsync(10);
    expect([polled.value, polled.error]).toEqual(['back', null]);
    stop();
  });

  it('forgets an answer that comes after a later question was asked', async () => {
    const answers: ((value: string) => void)[] = [];
    const polled = new Polled(() => new Promise<string>((answer) => answers.push(answer)), 1000);
    const stop = polled.start();
    void polled.reload();
    answers[1]?.('new');
    await vi.advanceTimersByTimeAsync(0);
    answers[0]?.('old');
    await vi.advanceTimersByTimeAsync(0);
    expect(polled.value).toBe('new');
    stop();
  });
});
