/**
 * The list of messages that a bridge page shows. The engine tells of every step of a message; the list has one row a
 * message, which follows its steps. It is bounded: the oldest rows go.
 */
import type { MessageEvent, Step } from './model';
import { viewPayload, type PayloadView } from './payload';

/** Rows that are kept for each bridge. */
export const MOST_ROWS = 500;

export interface Row {
  /** Tells rows apart; grows. */
  key: number;
  /** The newest step. */
  message: MessageEvent;
  /** The steps so far with their times in milliseconds since 1970, first to last. */
  steps: { step: Step; time: number }[];
  payload: PayloadView;
}

/** The step that a step follows on, if any. */
const BEFORE: Record<Step, Step[]> = {
  taken: [],
  queued: ['taken'],
  posted: ['queued'],
  seen: ['posted'],
  acked: ['posted', 'seen'],
  received: [],
  delivered: ['received'],
  refused: ['taken', 'queued', 'received'],
  expired: ['queued', 'received'],
  superseded: ['queued'],
  dropped: ['queued'],
};

let nextKey = 0;

/**
 * The rows, newest first, after these steps. A step that follows on an earlier one joins the oldest row that waits for
 * it: messages that look the same cannot be told apart, and the engine keeps their order.
 */
export function withSteps(rows: readonly Row[], steps: readonly MessageEvent[]): Row[] {
  const next = [...rows];
  for (const message of steps) {
    const at = next.findLastIndex((row) => follows(message, row.message));
    const row = next[at];
    const step = { step: message.step, time: message.time_ms };
    if (row) {
      next[at] = { ...row, message, steps: [...row.steps, step] };
    } else {
      const payload = viewPayload(message.payload_base64, message.payload_len);
      next.unshift({ key: nextKey++, message, steps: [step], payload });
    }
  }
  return next.slice(0, MOST_ROWS);
}

/** The rows that contain the text, whatever its case, in topic, payload or account. */
export function matching(rows: readonly Row[], text: string): Row[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [...rows];
  return rows.filter(({ message, payload }) =>
    [message.topic, payload.line, message.peer ?? ''].some((part) => part.toLowerCase().includes(wanted)),
  );
}

function follows(step: MessageEvent, earlier: MessageEvent): boolean {
  return (
    BEFORE[step.step].includes(earlier.step) &&
    step.direction === earlier.direction &&
    step.topic === earlier.topic &&
    step.peer === earlier.peer &&
    step.public === earlier.public &&
    step.qos === earlier.qos &&
    step.payload_len === earlier.payload_len &&
    step.payload_base64 === earlier.payload_base64
  );
}
