/** What a payload looks like to a person: text where it is text, hexadecimal bytes where it is not. */

export interface PayloadView {
  kind: 'empty' | 'json' | 'text' | 'binary';
  /** The payload in one line, for a list. */
  line: string;
  /** The payload in full (as far as it was sent to the window), for a closer look. JSON is set out, not changed. */
  full: string;
  /** Bytes of the payload that are not shown because only its beginning was sent. */
  missing: number;
}

/** Bytes in a row of a hexadecimal dump. */
const DUMP_WIDTH = 16;

export function viewPayload(base64: string, length: number): PayloadView {
  const bytes = decodeBase64(base64);
  const missing = Math.max(0, length - bytes.length);
  if (length === 0) return { kind: 'empty', line: '(empty)', full: '', missing };
  const text = decodeText(bytes, missing > 0);
  if (text === null) {
    return { kind: 'binary', line: hex(bytes.subarray(0, 48)), full: dump(bytes), missing };
  }
  const line = text.replace(/\s+/g, ' ').trim();
  const json = missing === 0 ? laidOut(text) : null;
  return json === null
    ? { kind: 'text', line, full: text, missing }
    : { kind: 'json', line, full: json, missing };
}

/** A number of bytes for people: `0 B`, `812 B`, `1.2 kB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function decodeBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The text, or null when the bytes are not text. A cut payload may end inside a character. */
function decodeText(bytes: Uint8Array, cut: boolean): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
    // eslint-disable-next-line no-control-regex -- control characters are what tells bytes from text
    return /[\u0000-\u0008\u000e-\u001f\u007f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** JSON objects and lists set out over lines; null for anything else. */
function laidOut(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    // Numbers that JavaScript cannot hold, or members given twice, would come out changed: then it stays as it is.
    const same = JSON.stringify(value) === withoutSpace(text);
    return same ? JSON.stringify(value, null, 2) : text;
  } catch {
    return null;
  }
}

/** JSON without the spaces between its tokens. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function dump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let start = 0; start < bytes.length; start += DUMP_WIDTH) {
    const row = bytes.subarray(start, start + DUMP_WIDTH);
    const readable = Array.from(row, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·',
    );
    const offset = start.toString(16).padStart(4, '0');
    rows.push(`${offset}  ${hex(row).padEnd(DUMP_WIDTH * 3 - 1)}  ${readable.join('')}`);
  }
  return rows.join('\n');
}
