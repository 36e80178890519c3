/** A code that is drawn can be read again. */
import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';

import { textOf } from '../src/lib/qr';

/** Side of a module in pixels. */
const SIZE = 4;

/** The code of a text as pixels. */
function drawn(text: string): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } {
  const code = encode(text, { ecc: 'L', border: 3 });
  const side = code.size * SIZE;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dark = code.data[Math.floor(y / SIZE)]?.[Math.floor(x / SIZE)];
      if (dark) data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  }
  return { width: side, height: side, data };
}

describe('a code', () => {
  it.each([
    ['short', 'mqtt-twister:1.abc'],
    ['as long as invitations are', `mqtt-twister:1.${'eyJmcm9tIjoi'.repeat(30)}.${'HyZRgPtiJYy'.repeat(8)}`],
  ])('that is %s is read as it was drawn', (_, text) => {
    expect(textOf(drawn(text))).toBe(text);
  });

  it('that is not there is not found', () => {
    expect(textOf({ width: 100, height: 100, data: new Uint8ClampedArray(40_000).fill(255) })).toBeNull();
  });
});
