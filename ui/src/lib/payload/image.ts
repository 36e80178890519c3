/** Images in payloads: which kind, and how large, told from their first bytes, before anything is drawn. */

export interface ImageKind {
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/bmp';
  width: number;
  height: number;
}

/** Most pixels that are drawn: an image of a few bytes may claim to be enormous. */
const MOST_PIXELS = 16_000_000;

/** What image the bytes are; null if they are none, or one too large to be drawn. */
export function imageKind(bytes: Uint8Array): ImageKind | null {
  const kind = png(bytes) ?? jpeg(bytes) ?? gif(bytes) ?? webp(bytes) ?? bmp(bytes);
  if (!kind || kind.width < 1 || kind.height < 1) return null;
  return kind.width * kind.height <= MOST_PIXELS ? kind : null;
}

function starts(bytes: Uint8Array, signature: string, at = 0): boolean {
  return [...signature].every((character, index) => bytes[at + index] === character.charCodeAt(0));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function png(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 24 || !starts(bytes, '\x89PNG\r\n\x1a\n')) return null;
  return { type: 'image/png', width: view(bytes).getUint32(16), height: view(bytes).getUint32(20) };
}

function gif(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 10 || !(starts(bytes, 'GIF87a') || starts(bytes, 'GIF89a'))) return null;
  return { type: 'image/gif', width: view(bytes).getUint16(6, true), height: view(bytes).getUint16(8, true) };
}

function bmp(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 26 || !starts(bytes, 'BM') || view(bytes).getUint32(14, true) < 40) return null;
  const [width, height] = [view(bytes).getInt32(18, true), view(bytes).getInt32(22, true)];
  return { type: 'image/bmp', width, height: Math.abs(height) };
}

/** The size stands in the start of frame, behind segments that each say how long they are. */
function jpeg(bytes: Uint8Array): ImageKind | null {
  if (!starts(bytes, '\xff\xd8\xff')) return null;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return {
        type: 'image/jpeg',
        width: view(bytes).getUint16(at + 7),
        height: view(bytes).getUint16(at + 5),
      };
    }
    at += 2 + view(bytes).getUint16(at + 2);
  }
  return null;
}

function webp(bytes: Uint8Array): ImageKind | null {
  if (bytes.length < 30 || !starts(bytes, 'RIFF') || !starts(bytes, 'WEBP', 8)) return null;
  const type = 'image/webp';
  const at = view(bytes);
  if (starts(bytes, 'VP8 ', 12)) {
    return { type, width: at.getUint16(26, true) & 0x3fff, height: at.getUint16(28, true) & 0x3fff };
  }
  if (starts(bytes, 'VP8L', 12)) {
    const bits = at.getUint32(21, true);
    return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (starts(bytes, 'VP8X', 12)) {
    const three = (offset: number) => at.getUint16(offset, true) | (at.getUint8(offset + 2) << 16);
    return { type, width: three(24) + 1, height: three(27) + 1 };
  }
  return null;
}
