/**
 * The last messages of a bridge, for a short list beside other things. The engine tells of every step of a message; the
 * list has one row a message, which follows its steps. It is bounded: the oldest rows go. The whole history is the app's.
 */
import type { MessageEvent, Step } from './model';

/** Rows that are kept for each bridge. */
export const MOST_ROWS = 100;

export interface Row {
  /** Tells rows apart. */
  key: string;
  /** The newest step. */
  message: MessageEvent;
  /** The steps so far with their times in milliseconds since 1970, first to last. */
  steps: { step: Step; time: number }[];
}

/** The rows, newest first, after these steps. A step joins the row of its message. */
export function withSteps(rows: readonly Row[], steps: readonly MessageEvent[]): Row[] {
  const next = [...rows];
  for (const message of steps) {
    const key = `${message.direction} ${message.id}`;
    const at = next.findIndex((row) => row.key === key);
    const row = next[at];
    const step = { step: message.step, time: message.time_ms };
    if (!row) {
      next.unshift({ key, message, steps: [step] });
    } else if (!row.steps.some((earlier) => earlier.step === message.step)) {
      next[at] = { ...row, message, steps: [...row.steps, step] };
    }
  }
  return next.slice(0, MOST_ROWS);
}
