/** What changed between two texts, line by line. */

export interface DifferenceLine {
  kind: 'same' | 'added' | 'removed' | 'skipped';
  /** The line; for skipped ones how many there are. */
  text: string;
}

/** Lines of each text that are compared; the work grows with their product. */
const MOST_LINES = 600;

/** Equal lines that are shown around what changed. */
const AROUND = 2;

/** The lines of both texts in order; null if they are too long to be compared. */
export function difference(before: string, after: string): DifferenceLine[] | null {
  const [old, now] = [before.split('\n'), after.split('\n')];
  if (old.length > MOST_LINES || now.length > MOST_LINES) return null;
  return folded(compared(old, now));
}

/** The longest common subsequence tells which lines stayed. */
function compared(old: string[], now: string[]): DifferenceLine[] {
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  const length = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i] === now[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
    }
  }
  const lines: DifferenceLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [was, is] = [old[i], now[j]];
    if (was !== undefined && is !== undefined && was === is) {
      lines.push({ kind: 'same', text: is });
      i++;
      j++;
    } else if (was !== undefined && (is === undefined || length(i + 1, j) >= length(i, j + 1))) {
      lines.push({ kind: 'removed', text: was });
      i++;
    } else {
      lines.push({ kind: 'added', text: is ?? '' });
      j++;
    }
  }
  return lines;
}

/** The same without equal lines that are far from any change. */
function folded(lines: DifferenceLine[]): DifferenceLine[] {
  const near = (index: number) =>
    lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ kind }) => kind !== 'same');
  const shown: DifferenceLine[] = [];
  let skipped = 0;
  const flush = () => {
    if (skipped > 0) shown.push({ kind: 'skipped', text: String(skipped) });
    skipped = 0;
  };
  lines.forEach((line, index) => {
    if (near(index)) {
      flush();
      shown.push(line);
    } else {
      skipped++;
    }
  });
  flush();
  return shown;
}
