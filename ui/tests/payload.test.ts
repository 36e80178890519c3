import { encode as encodeMsgPack } from '@msgpack/msgpack';
import { encode as encodeCbor } from 'cborg';
import { describe, expect, it } from 'vitest';

import { payloadLength, payloadProblem } from '../src/lib/payload/check';
import { bestForm, cbor, dump, fromBase64, json, msgpack, textOf } from '../src/lib/payload/decode';
import { difference } from '../src/lib/payload/difference';
import { imageKind } from '../src/lib/payload/image';
import { asJson, MOST_NODES, numbersIn, openAtFirst, tree } from '../src/lib/payload/tree';

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (...all: number[]) => new Uint8Array(all);

describe('the form of a payload', () => {
  it('is what says most about it', () => {
    expect(bestForm(utf8('{"a":1}'))).toBe('json');
    expect(bestForm(utf8('21.5'))).toBe('text');
    expect(bestForm(utf8('{broken'))).toBe('text');
    expect(bestForm(encodeMsgPack({ a: [1, 2] }))).toBe('msgpack');
    expect(bestForm(encodeCbor({ a: [1, 300] }))).toBe('cbor');
    expect(bestForm(bytes(0, 255, 1))).toBe('hex');
    expect(bestForm(bytes())).toBe('text');
  });

  it('is decoded only where the bytes are that', () => {
    expect(json(utf8('{"a":1}'))).toEqual({ value: { a: 1 } });
    expect(json(utf8('{'))).toBeNull();
    expect(cbor(encodeCbor({ a: [1] }))?.value).toEqual(new Map([['a', [1]]]));
    expect(cbor(utf8('hello'))).toBeNull();
    expect(msgpack(encodeMsgPack({ a: bytes(1) }))?.value).toEqual({ a: bytes(1) });
    expect(msgpack(bytes(0xc1))).toBeNull();
    expect(textOf(bytes(0xff))).toBeNull();
    expect(fromBase64('AP8=')).toEqual(bytes(0, 255));
  });

  it('shows bytes sixteen a row, and no more than are wanted', () => {
    const rows = dump(bytes(...Array.from({ length: 40 }, (_, index) => index + 0x30)), 20);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toEqual({ offset: '00010', hex: '40 41 42 43', text: '@ABC' });
  });

  it('shows values of CBOR that it has no word for', () => {
    const tagged = cbor(bytes(0xc1, 0x1a, 0x65, 0x53, 0xf1, 0x00));
    expect(tagged === null || tree(tagged.value, new Set()).nodes.length === 1).toBe(true);
  });
});

describe('an image', () => {
  const png = (width: number) =>
    bytes(
      0x89,
      0x50,
      0x4e,
      0x47,
      13,
      10,
      26,
      10,
      0,
      0,
      0,
      13,
      0x49,
      0x48,
      0x44,
      0x52,
      ...u32(width),
      ...u32(2),
    );
  const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

  it('is known by its first bytes', () => {
    expect(imageKind(png(3))).toEqual({ type: 'image/png', width: 3, height: 2 });
    const gif = bytes(...utf8('GIF89a'), 5, 0, 6, 0);
    expect(imageKind(gif)).toEqual({ type: 'image/gif', width: 5, height: 6 });
    const jpeg = bytes(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, 0, 7, 0, 9, 0, 0, 0);
    expect(imageKind(jpeg)).toEqual({ type: 'image/jpeg', width: 9, height: 7 });
    expect(imageKind(utf8('no image at all, just words'))).toBeNull();
  });

  it('is not drawn if it claims to be enormous', () => {
    expect(imageKind(png(100_000_000))).toBeNull();
    expect(imageKind(png(0))).toBeNull();
  });
});

describe('the tree of decoded data', () => {
  const value = { name: 'porch', list: [1, { deep: true }], 'a/b': null };
  const names = (open: string[], search = '') =>
    tree(value, new Set(open), search).nodes.map(({ pointer }) => pointer);

  it('shows what is open', () => {
    expect(names([])).toEqual(['']);
    expect(names([''])).toEqual(['', '/name', '/list', '/a~1b']);
    expect(names(['', '/list', '/list/1'])).toContain('/list/1/deep');
  });

  it('shows the way to what is searched for, and marks it', () => {
    expect(names([], 'DEEP')).toEqual(['', '/list', '/list/1', '/list/1/deep']);
    expect(names([], 'porch')).toEqual(['', '/name']);
    expect(names([], 'nowhere')).toEqual([]);
    expect(tree(value, new Set(), 'porch').nodes.map(({ found }) => found)).toEqual([false, true]);
  });

  it('never makes more rows than can be shown', () => {
    const shown = tree(
      Array.from({ length: 50_000 }, (_, index) => index),
      new Set(['']),
    );
    expect(shown.nodes).toHaveLength(MOST_NODES);
    expect(shown.more).toBe(true);
  });

  it('is open at first where that is little', () => {
    expect(openAtFirst(value)).toEqual(new Set(['', '/list']));
    expect(openAtFirst(7)).toEqual(new Set(['']));
  });

  it('knows where numbers are', () => {
    expect(numbersIn(21.5)).toEqual(['']);
    expect(numbersIn({ a: { b: '7' }, on: true, text: 'x', list: [1] })).toEqual(['/a/b', '/on', '/list/0']);
  });

  it('is written as JSON, whatever it was', () => {
    expect(JSON.parse(asJson(new Map<string, unknown>([['a', bytes(1, 255)]])))).toEqual({ a: '01 ff' });
  });
});

describe('the difference of two values', () => {
  it('has what was added and removed, and a little around it', () => {
    const before = Array.from({ length: 12 }, (_, index) => `line ${index}`);
    const after = before.map((line) => (line === 'line 6' ? 'changed' : line));
    const lines = difference(before.join('\n'), after.join('\n')) ?? [];
    expect(lines.map(({ kind }) => kind)).toEqual([
      'skipped',
      'same',
      'same',
      'removed',
      'added',
      'same',
      'same',
      'skipped',
    ]);
    expect(lines[0]).toEqual({ kind: 'skipped', text: '4' });
  });

  it('has nothing but equal lines where nothing changed, and gives up on what is too long', () => {
    expect(difference('a', 'a')).toEqual([{ kind: 'skipped', text: '1' }]);
    expect(difference('a\n'.repeat(700), 'b')).toBeNull();
  });
});

describe('a payload that is typed', () => {
  it('is refused where it is not what it is meant to be', () => {
    expect(payloadProblem('anything', 'text')).toBeNull();
    expect(payloadProblem('{"a":1}', 'json')).toBeNull();
    expect(payloadProblem('{', 'json')).toContain('not JSON');
    expect(payloadProblem('00 ff', 'hex')).toBeNull();
    expect(payloadProblem('0g', 'hex')).toContain('“g”');
    expect(payloadProblem('00f', 'hex')).toContain('two for every byte');
    expect(payloadProblem('AP8=', 'base64')).toBeNull();
    expect(payloadProblem('AP8', 'base64')).toContain('not Base64');
  });

  it('has a length', () => {
    expect(payloadLength('°', 'text')).toBe(2);
    expect(payloadLength('00 ff', 'hex')).toBe(2);
    expect(payloadLength('AP8=', 'base64')).toBe(2);
  });
});
