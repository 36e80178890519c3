import { describe, expect, it } from 'vitest';

import { size, viewPayload } from '../src/lib/payload/view';

function view(bytes: number[] | string, length?: number) {
  const raw = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes);
  return viewPayload(btoa(String.fromCharCode(...raw)), length ?? raw.length);
}

describe('a payload', () => {
  it('that is text is shown as text, in one line for a list', () => {
    expect(view('21 °C\nwarm')).toMatchObject({
      kind: 'text',
      line: '21 °C warm',
      full: '21 °C\nwarm',
      missing: 0,
    });
  });

  it('that is JSON is set out over lines', () => {
    expect(view('{"a":[1,2]}')).toMatchObject({ kind: 'json', full: '{\n  "a": [\n    1,\n    2\n  ]\n}' });
  });

  it('that is JSON keeps numbers that JavaScript cannot hold, as they are', () => {
    expect(view('{"id":12345678901234567890}').full).toBe('{"id":12345678901234567890}');
    expect(view('{"a":1,"a":2}').full).toBe('{"a":1,"a":2}');
    expect(view('{"a": 1.0}').full).toBe('{"a": 1.0}');
  });

  it('that is a number or a word is text, not JSON', () => {
    expect(view('21.5').kind).toBe('text');
    expect(view('true').kind).toBe('text');
    expect(view('{broken').kind).toBe('text');
  });

  it('that is not text is shown as bytes', () => {
    const shown = view([0x00, 0xff, 0x41]);
    expect(shown).toMatchObject({ kind: 'binary', line: '00 ff 41' });
    expect(shown.full).toContain('··A');
  });

  it('with control characters is shown as bytes, though it could be read as text', () => {
    expect(view([0x41, 0x01]).kind).toBe('binary');
  });

  it('that is empty says so', () => {
    expect(view([])).toMatchObject({ kind: 'empty', line: '(empty)' });
  });

  it('that was cut inside a character is still text', () => {
    const cut = [...new TextEncoder().encode('ab°')].slice(0, 3);
    expect(view(cut, 4000)).toMatchObject({ kind: 'text', line: 'ab', missing: 3997 });
  });

  it('has its size in words', () => {
    expect([0, 999, 1200, 3_400_000].map(size)).toEqual(['0 B', '999 B', '1.2 kB', '3.4 MB']);
  });
});
