/** How a message stands, in the few words that a filter needs. */
import type { Step } from './model';

export const STANDINGS = ['waiting', 'posted', 'acked', 'delivered', 'failed', 'unsent'] as const;

export type Standing = (typeof STANDINGS)[number];

const STEPS: Record<Standing, Step[]> = {
  waiting: ['queued', 'received'],
  posted: ['posted', 'seen'],
  acked: ['acked'],
  delivered: ['delivered'],
  failed: ['refused', 'expired', 'superseded', 'dropped'],
  unsent: ['taken'],
};

/** The steps that a message which stands so has reached last. */
export function stepsOf(standing: Standing): Step[] {
  return STEPS[standing];
}
