/** The queue in words and numbers: why something waits, when it goes on, and what an action would change. */
import { relative } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { title } from './codes';
import type {
  BridgeState,
  DelayCode,
  QueueAction,
  QueueCounts,
  QueueEntryView,
  QueueSelection,
  QueueStage,
  QueueView,
} from './model';
import type { Tone } from './states';

/** The stages of a message, in their order. */
export const STAGES: readonly QueueStage[] = ['waiting', 'held', 'packed', 'posted', 'seen'];

export const ACTIONS: readonly QueueAction[] = ['hold', 'release', 'drop', 'retry'];

const TONES: Record<QueueStage, Tone> = {
  waiting: 'wait',
  held: 'idle',
  packed: 'wait',
  posted: 'good',
  seen: 'good',
};

/** Which messages are looked at: those for one receiver, or on some topics. */
export interface QueueFilter {
  /** `@bob`, or `everybody`; null for any. */
  receiver: { account: string | null } | null;
  /** A topic filter; empty for any. */
  topic: string;
}

export const EVERYTHING: QueueFilter = { receiver: null, topic: '' };

export function selectionOf({ receiver, topic }: QueueFilter, ids: readonly number[] = []): QueueSelection {
  return { ids: [...ids], receiver, topic: topic === '' ? null : topic };
}

export function stageWords(stage: QueueStage): { word: string; meaning: string; tone: Tone } {
  return { word: t(`queue.stage_${stage}`), meaning: t(`queue.stage_${stage}_long`), tone: TONES[stage] };
}

export function total(counts: QueueCounts): number {
  return STAGES.reduce((sum, stage) => sum + counts[stage], 0);
}

/** How many messages an action would change, and how many it comes too late for. */
export function effect(action: QueueAction, counts: QueueCounts): { changes: number; tooLate: number } {
  const { waiting, held, packed, posted, seen } = counts;
  switch (action) {
    case 'hold':
      return { changes: waiting, tooLate: packed + posted + seen };
    case 'release':
      return { changes: held, tooLate: 0 };
    case 'drop':
      return { changes: waiting + held + posted + seen, tooLate: packed };
    case 'retry':
      return { changes: posted, tooLate: 0 };
  }
}

/** Why messages have not arrived, and when they go on as far as that can be said. */
export function delayWords(
  code: DelayCode,
  summary: Pick<QueueView, 'receiver' | 'last_heard_ms'>,
  state: BridgeState,
  now: number,
): string {
  const who =
    summary.receiver === null ? t('queue.everybody') : t('common.account', { name: summary.receiver });
  const words = t(`queue.delay_${code}`, { who });
  const more = state.quota?.more_at_ms;
  if (code === 'no_posts' && more !== undefined)
    return `${words} ${t('queue.more_posts', { when: relative(more, now) })}`;
  if (code === 'silent' && summary.last_heard_ms !== null)
    return `${words} ${t('queue.last_heard', { when: relative(summary.last_heard_ms, now) })}`;
  const problem = code === 'not_ready' ? downProblem(state) : null;
  return problem === null ? words : `${words} ${problem}`;
}

/** How old a message is, or how long it is still worth anything. */
export function ageWords(entry: QueueEntryView, now: number): { age: string; expiry: string } {
  return {
    age: relative(entry.taken_ms, now),
    expiry:
      entry.expires_ms === null
        ? t('queue.never_expires')
        : t('queue.expires', { when: relative(entry.expires_ms, now) }),
  };
}

function downProblem(state: BridgeState): string | null {
  for (const part of [state.node, state.account, state.network]) {
    if (part.status === 'down') return t('queue.because', { why: title(part.problem.code) });
  }
  return null;
}
