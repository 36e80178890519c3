import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Checked } from '../src/lib/checked.svelte';
import type { BridgeInput, RuleProblem } from '../src/lib/model';
import { inputWith } from '../src/lib/rules';
import { aBridge, aConfig } from './samples';

const input = (name: string): BridgeInput => inputWith(aBridge(), aConfig({ name }));
const problem = (field: string): RuleProblem => ({ field, code: 'zero', message: 'x' });

describe('settings that are being written', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are checked when the person pauses, as they are then', async () => {
    const asked: string[] = [];
    const checkRules = async ({ config }: BridgeInput) => {
      asked.push((config as { name: string }).name);
      return [problem('forwards[0].to')];
    };
    const checked = new Checked({ checkRules });
    checked.check(input('a'));
    checked.check(input('b'));
    expect(checked.pending).toBe(true);
    await vi.runAllTimersAsync();
    expect(asked).toEqual(['b']);
    expect(checked.pending).toBe(false);
    expect(checked.at('forwards[0]')?.field).toBe('forwards[0].to');
    expect(checked.at('forwards[1]')).toBeUndefined();
  });

  it('are checked at once for whoever does not pause', async () => {
    const checked = new Checked({ checkRules: async () => [problem('name')] });
    checked.check(input('a'));
    await checked.checkNow(input('a'));
    expect(checked.pending).toBe(false);
    expect(checked.problems).toHaveLength(1);
  });

  it('do not take an answer to what they were before', async () => {
    let answer: (problems: RuleProblem[]) => void = () => undefined;
    const checked = new Checked({ checkRules: () => new Promise((resolve) => (answer = resolve)) });
    checked.check(input('a'));
    await vi.advanceTimersByTimeAsync(1000);
    const late = answer;
    checked.check(input('b'));
    late([problem('name')]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(checked.problems).toEqual([]);
    checked.stop();
  });
});
