/** The way of a message, step by step: what was reached, when, and what is still to come. */
import type { MessageDetail, Step } from './model';

export interface Stage {
  /** `taken` here is the hand-over by the local broker, which every message on its way out begins with. */
  step: Step;
  /** In milliseconds since 1970; null for one that is still to come. */
  time: number | null;
  /** Milliseconds since the stage before it. */
  after: number | null;
}

/** The stages that a message goes through, if all goes well. Nobody says that everybody has seen a public message. */
function wayOf({ row }: MessageDetail): Step[] {
  if (row.direction === 'in') return ['received', 'delivered'];
  if (row.step === 'taken') return ['taken'];
  return row.public ? ['taken', 'queued', 'posted'] : ['taken', 'queued', 'posted', 'seen', 'acked'];
}

const ENDS: readonly Step[] = ['refused', 'expired', 'superseded', 'dropped'];

export function journey(detail: MessageDetail): Stage[] {
  // Not by a plain object: the generated steps are its keys.
  const times = new Map<Step, number>(detail.steps.map(({ step, time_ms }) => [step, time_ms]));
  if (detail.taken_ms !== null) times.set('taken', detail.taken_ms);
  const end = ENDS.find((step) => times.has(step));
  const way = wayOf(detail);
  const reached = way.filter((step) => times.has(step));
  const last = way.indexOf(reached.at(-1) ?? way[0] ?? 'taken');
  const stages = way.filter((step, index) => {
    // A receiver that acks at once need not have said that it has seen it.
    if (times.has(step)) return true;
    return end === undefined && index > last;
  });
  if (end !== undefined) stages.push(end);
  let before: number | null = null;
  return stages.map((step) => {
    const time = times.get(step) ?? null;
    const after = time !== null && before !== null ? Math.max(0, time - before) : null;
    before = time ?? before;
    return { step, time, after };
  });
}
