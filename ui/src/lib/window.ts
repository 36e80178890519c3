/** Which rows of a long list are made: those that can be seen, and some around them. All rows are equally high. */

/** Rows that are made above and below what can be seen. */
const AROUND = 12;

/** Most rows that are made. */
const MOST = 200;

export interface Seen {
  /** How far the list is scrolled, in pixels. */
  top: number;
  /** How high it is, in pixels. */
  height: number;
  /** How high a row is, in pixels. */
  row: number;
}

/** The place of the first row, and how many. */
export function rangeOf({ top, height, row }: Seen): { from: number; count: number } {
  const first = Math.max(0, Math.floor(top / row) - AROUND);
  const last = Math.ceil((top + height) / row) + AROUND;
  return { from: first, count: Math.min(MOST, last - first) };
}

/** How far the list has to be scrolled so that the row at `place` can be seen whole. */
export function scrolledTo(place: number, { top, height, row }: Seen): number {
  const at = place * row;
  if (at < top) return at;
  return at + row > top + height ? at + row - height : top;
}

/**
 * The elements that show rows, by number: a row that was shown before keeps its element, and a new one takes over that of a row that is
 * gone. Making elements takes longer than changing their texts.
 */
export function elementsOf(
  keys: readonly string[],
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const kept = new Set(keys.map((key) => before.get(key)));
  let next = 0;
  const free = () => {
    while (kept.has(next)) next += 1;
    return next++;
  };
  return new Map(keys.map((key) => [key, before.get(key) ?? free()]));
}
