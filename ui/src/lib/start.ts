/** When a start is over, for whoever measures how long it takes. */

/** The mark of the moment from which the window can be used. */
export const INTERACTIVE = 'interactive';

/** Marks the moment at which what the page has now is on the screen: the frame after the next begins only then. */
export function markInteractive(): void {
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark(INTERACTIVE)));
}
