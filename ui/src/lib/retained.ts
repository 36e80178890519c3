/** Retained messages as a tree of topics, with what is kept here and what others have. */
import { t } from '../i18n/index.svelte';
import type { GivenInput, RetainedValueView, RetainedView, ThereView } from './model';

/** A row of the tree: a branch with topics below it, or a topic. */
export type TreeRow =
  | { kind: 'branch'; path: string; name: string; depth: number; topics: number; differing: number }
  | { kind: 'topic'; path: string; name: string; depth: number; row: RetainedView };

/** What a clear means. */
export interface Clear {
  /** Topics of the local broker. */
  topics: string[];
  /** What receivers were given on topics of which nothing is kept here. */
  given: GivenInput[];
}

/** The topic under which a row stands: its own, or the one with which it was sent. */
export function topicOf(row: RetainedView): string {
  return row.topic ?? row.there[0]?.topic ?? '';
}

/** Whether somebody has something else than what is kept here. */
export function differs(row: RetainedView): boolean {
  return row.there.some((there) => !there.same);
}

/** The rows whose topic has this text in it. */
export function matching(rows: readonly RetainedView[], text: string): RetainedView[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter((row) => topicOf(row).toLowerCase().includes(wanted));
}

/** The tree as rows from top to bottom; what is below a folded branch is left out. */
export function tree(rows: readonly RetainedView[], folded: ReadonlySet<string>): TreeRow[] {
  const sorted = [...rows].sort((one, other) => compare(topicOf(one), topicOf(other)));
  const counts = new Map<string, { topics: number; differing: number }>();
  for (const row of sorted) {
    for (const path of branches(topicOf(row))) {
      const count = counts.get(path) ?? { topics: 0, differing: 0 };
      count.topics++;
      if (differs(row)) count.differing++;
      counts.set(path, count);
    }
  }
  const shown: TreeRow[] = [];
  const opened = new Set<string>();
  for (const row of sorted) {
    const topic = topicOf(row);
    const above = branches(topic);
    for (const [depth, path] of above.entries()) {
      if (above.slice(0, depth).some((one) => folded.has(one))) break;
      if (opened.has(path)) continue;
      opened.add(path);
      const count = counts.get(path) ?? { topics: 0, differing: 0 };
      shown.push({ kind: 'branch', path, name: path.split('/').at(-1) ?? path, depth, ...count });
    }
    if (above.some((path) => folded.has(path))) continue;
    shown.push({
      kind: 'topic',
      path: topic,
      name: topic.split('/').at(-1) ?? topic,
      depth: above.length,
      row,
    });
  }
  return shown;
}

/** What has to be cleared for these rows to be gone, here and there. */
export function clearOf(rows: readonly RetainedView[]): Clear {
  return {
    topics: rows.flatMap((row) => (row.topic === null ? [] : [row.topic])),
    given: rows
      .filter((row) => row.topic === null)
      .flatMap((row) => row.there.map(({ receiver, topic }) => ({ receiver, topic }))),
  };
}

/** How far in a row stands. */
export function indent(depth: number): string {
  return `${depth * 1.1}rem`;
}

/** The rows at a branch, or of a topic. */
export function below(rows: readonly RetainedView[], path: string): RetainedView[] {
  return rows.filter((row) => topicOf(row) === path || topicOf(row).startsWith(`${path}/`));
}

/** A value as a short text. */
export function valueWords(value: RetainedValueView | null): string {
  if (value === null) return t('retained.nothing');
  return textOf(value) ?? t('retained.bytes', { count: value.bytes });
}

/** What a receiver has, in words. */
export function thereWords({ value, coming, same }: ThereView): {
  word: string;
  tone: 'good' | 'wait' | 'bad';
} {
  if (coming !== null) return { word: t(`retained.coming_${coming}`), tone: 'wait' };
  if (same) return { word: t('retained.same'), tone: 'good' };
  return { word: t(value === null ? 'retained.absent' : 'retained.differs'), tone: 'bad' };
}

/** The value in one line, or null when it is no text. A cut one may end inside a character. */
function textOf({ preview_base64, bytes }: RetainedValueView): string | null {
  const preview = Uint8Array.from(atob(preview_base64), (character) => character.charCodeAt(0));
  const cut = preview.length < bytes;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(preview, { stream: cut });
    // eslint-disable-next-line no-control-regex -- control characters are what tells bytes from text
    if (/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text)) return null;
    return text.replace(/\s+/g, ' ') + (cut ? '…' : '');
  } catch {
    return null;
  }
}

/** The branches that a topic lies in, the outermost first. */
function branches(topic: string): string[] {
  const levels = topic.split('/');
  return levels.slice(0, -1).map((_, depth) => levels.slice(0, depth + 1).join('/'));
}

/** By levels, so that what lies in a branch stays together. */
function compare(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left, right] = [a[at] ?? '', b[at] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
