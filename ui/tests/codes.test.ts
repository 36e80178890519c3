import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { sentence, title } from '../src/lib/codes';
import type { ErrorCode } from '../src/lib/model';

/** The codes that the app declares, read from the generated file. */
function declared(type: string): ErrorCode[] {
  const source = readFileSync('src/lib/generated/bindings.ts', 'utf8');
  const body = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/^"(\w+)"/gm)].map(([, code]) => code as ErrorCode);
}

describe('the table of codes', () => {
  it('has words for every code that the app declares', () => {
    const codes = [...declared('ProblemCode'), ...declared('AppErrorCode'), ...declared('NodeProblemCode')];
    expect(codes.length).toBeGreaterThan(20);
    for (const code of codes) expect(title(code), code).toBeTruthy();
  });

  it('makes sentences of the app’s messages', () => {
    expect(sentence('the broker is away')).toBe('The broker is away.');
    expect(sentence('Done!')).toBe('Done!');
    expect(sentence('mqtt://host is away')).toBe('mqtt://host is away.');
  });
});
