/** The forms in which a payload can be looked at, and what it is in each. Only what somebody looks at is decoded. */
import { decode as decodeMsgPack } from '@msgpack/msgpack';
import { decode as decodeCborBytes } from 'cborg';

import { imageKind } from './image';

export const FORMS = ['text', 'json', 'cbor', 'msgpack', 'image', 'hex', 'base64'] as const;

export type Form = (typeof FORMS)[number];

/** Longest payload that is decoded to a tree, in bytes: what crosses has no more. */
const LONGEST = 256 * 1024;

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The text that the bytes are in UTF-8; null if they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What was decoded, or null where the bytes are something else. */
export type Decoded = { value: unknown } | null;

export function json(bytes: Uint8Array): Decoded {
  const text = textOf(bytes);
  if (text === null || bytes.length > LONGEST) return null;
  return attempt(() => JSON.parse(text));
}

export function cbor(bytes: Uint8Array): Decoded {
  if (bytes.length > LONGEST) return null;
  return attempt(() => decodeCborBytes(bytes, { useMaps: true, allowUndefined: true, tags: TAGS }));
}

export function msgpack(bytes: Uint8Array): Decoded {
  if (bytes.length > LONGEST) return null;
  return attempt(() => decodeMsgPack(bytes));
}

/** The form that says most about the bytes. */
export function bestForm(bytes: Uint8Array): Form {
  if (bytes.length === 0) return 'text';
  if (imageKind(bytes)) return 'image';
  const text = textOf(bytes);
  // eslint-disable-next-line no-control-regex -- control characters are what tells bytes from text
  if (text !== null && !/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text)) {
    return /^\s*[[{]/.test(text) && json(bytes) ? 'json' : 'text';
  }
  // A byte or two are valid in both; only a map or a list is worth it.
  if (isComposed(msgpack(bytes))) return 'msgpack';
  if (isComposed(cbor(bytes))) return 'cbor';
  return 'hex';
}

/** Bytes in a row of a hexadecimal dump. */
const DUMP_WIDTH = 16;

/** A row of a hexadecimal dump: offset, bytes, and what of them is readable. */
export interface DumpRow {
  offset: string;
  hex: string;
  text: string;
}

/** A hexadecimal dump of the first `most` bytes. */
export function dump(bytes: Uint8Array, most: number): DumpRow[] {
  const rows: DumpRow[] = [];
  for (let start = 0; start < Math.min(bytes.length, most); start += DUMP_WIDTH) {
    const row = bytes.subarray(start, Math.min(start + DUMP_WIDTH, most));
    rows.push({
      offset: start.toString(16).padStart(5, '0'),
      hex: Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(
        '',
      ),
    });
  }
  return rows;
}

/** Tags that cborg does not know would end the decoding; what they mark is shown as it is. */
const TAGS = new Proxy<((inner: unknown) => unknown)[]>([], {
  get: (tags, tag) => (/^\d+$/.test(String(tag)) ? (inner: unknown) => inner : Reflect.get(tags, tag)),
});

function isComposed(decoded: Decoded): boolean {
  return typeof decoded?.value === 'object' && decoded.value !== null;
}

function attempt(decode: () => unknown): Decoded {
  try {
    return { value: decode() };
  } catch {
    return null;
  }
}
