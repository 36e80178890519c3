/** Decoded data as the rows of a folded tree: only what is open is looked at, and never more than so many rows. */

export interface TreeNode {
  /** JSON pointer: names the node. */
  pointer: string;
  /** The member's name or the item's index; empty for the root. */
  name: string;
  depth: number;
  kind: 'object' | 'list' | 'text' | 'number' | 'truth' | 'nothing' | 'bytes';
  /** A value in a line; for objects and lists nothing. */
  text: string;
  /** Members or items. */
  size: number;
  open: boolean;
  /** The search text is in its name or its value. */
  found: boolean;
}

/** Most rows that are made. */
export const MOST_NODES = 1000;

/** Most nodes that a search looks at. */
const MOST_VISITED = 20_000;

/** Longest value that is shown in a line. */
const LONGEST_TEXT = 500;

export interface Tree {
  nodes: TreeNode[];
  /** There are more than were made. */
  more: boolean;
}

/** The rows of a value. Without a search those below `open` are shown; with one, those that have the text and the way there. */
export function tree(value: unknown, open: ReadonlySet<string>, search = ''): Tree {
  const wanted = search.trim().toLowerCase();
  const found = wanted === '' ? null : searched(value, wanted);
  const nodes: TreeNode[] = [];
  let more = false;
  const visit = (inner: unknown, name: string, pointer: string, depth: number): void => {
    if (found && !found.ways.has(pointer)) return;
    if (nodes.length >= MOST_NODES) {
      more = true;
      return;
    }
    const children = childrenOf(inner);
    const isOpen = children !== null && (found ? found.inner.has(pointer) : open.has(pointer));
    nodes.push({
      pointer,
      name,
      depth,
      kind: kindOf(inner),
      text: children === null ? lineOf(inner) : '',
      size: children?.length ?? 0,
      open: isOpen,
      found: found?.hits.has(pointer) ?? false,
    });
    if (!isOpen) return;
    for (const [child, below] of children) {
      visit(below, child, pointerTo(pointer, child), depth + 1);
      if (more) return;
    }
  };
  visit(value, '', '', 0);
  return { nodes, more: more || (found?.cut ?? false) };
}

/** The pointers that are open at first: the root, and what it has if that is little. */
export function openAtFirst(value: unknown): Set<string> {
  const open = new Set(['']);
  const children = childrenOf(value) ?? [];
  if (children.length <= 20) {
    for (const [name, below] of children) {
      if ((childrenOf(below)?.length ?? 99) <= 10) open.add(pointerTo('', name));
    }
  }
  return open;
}

/** Where numbers stand, as JSON pointers, at most `most`; the root, if it is one. */
export function numbersIn(value: unknown, most = 40): string[] {
  const pointers: string[] = [];
  const visit = (inner: unknown, pointer: string, depth: number): void => {
    if (pointers.length >= most || depth > 8) return;
    const numeric =
      typeof inner === 'number' ||
      typeof inner === 'boolean' ||
      (typeof inner === 'string' && inner.trim() !== '' && Number.isFinite(Number(inner)));
    if (numeric) pointers.push(pointer);
    for (const [name, below] of childrenOf(inner) ?? []) visit(below, pointerTo(pointer, name), depth + 1);
  };
  visit(value, '', 0);
  return pointers;
}

/** JSON of decoded data, set out over lines; what JSON has no word for is written as text. */
export function asJson(value: unknown): string {
  const plain = (_: string, inner: unknown): unknown => {
    if (inner instanceof Map)
      return Object.fromEntries([...inner].map(([name, below]) => [String(name), below]));
    if (inner instanceof Uint8Array || typeof inner === 'bigint') return lineOf(inner);
    return inner === undefined ? null : inner;
  };
  return JSON.stringify(value, plain, 2) ?? 'null';
}

function searched(value: unknown, wanted: string) {
  const ways = new Set<string>();
  const inner = new Set<string>();
  const hits = new Set<string>();
  let visited = 0;
  const visit = (at: unknown, name: string, pointer: string): boolean => {
    visited += 1;
    if (visited > MOST_VISITED) return false;
    const children = childrenOf(at);
    const isHit =
      name.toLowerCase().includes(wanted) || (children === null && lineOf(at).toLowerCase().includes(wanted));
    if (isHit) hits.add(pointer);
    let below = false;
    for (const [child, next] of children ?? [])
      below = visit(next, child, pointerTo(pointer, child)) || below;
    if (below) inner.add(pointer);
    if (isHit || below) ways.add(pointer);
    return isHit || below;
  };
  visit(value, '', '');
  return { ways, inner, hits, cut: visited > MOST_VISITED };
}

function childrenOf(value: unknown): [string, unknown][] | null {
  if (value instanceof Uint8Array || value instanceof Date) return null;
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item]);
  if (value instanceof Map) return [...value].map(([name, item]) => [String(name), item]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  return null;
}

function kindOf(value: unknown): TreeNode['kind'] {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  switch (typeof value) {
    case 'object':
      if (value instanceof Date) return 'text';
      return value === null ? 'nothing' : 'object';
    case 'number':
    case 'bigint':
      return 'number';
    case 'boolean':
      return 'truth';
    case 'undefined':
      return 'nothing';
    default:
      return 'text';
  }
}

function lineOf(value: unknown): string {
  const text =
    value instanceof Uint8Array
      ? Array.from(value.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
      : value instanceof Date
        ? value.toISOString()
        : value === undefined
          ? 'undefined'
          : typeof value === 'string'
            ? JSON.stringify(value)
            : String(value);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function pointerTo(parent: string, name: string): string {
  return `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
