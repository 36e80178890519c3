/** Topic names, topic filters and account names, as far as a form needs them. The app checks again, and its word counts. */

/** Why the text is no topic filter; null when it is one. */
export function filterProblem(text: string): string | null {
  if (text === '') return 'Write a topic filter, such as home/+/temperature or sensors/#.';
  if (text.includes('\0')) return 'A topic cannot contain a NUL character.';
  const levels = text.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index + 1 < levels.length)) {
      return '# must stand alone at the end, as in sensors/#.';
    }
    if (level.includes('+') && level !== '+')
      return '+ must stand alone between two slashes, as in home/+/temperature.';
  }
  return null;
}

/** Why the text is no topic name; null when it is one. */
export function topicProblem(text: string): string | null {
  if (text === '') return 'Write a topic, such as sensors/kitchen.';
  if (/[+#]/.test(text)) return 'A message needs a topic without + and #.';
  if (text.includes('\0')) return 'A topic cannot contain a NUL character.';
  return null;
}

/** Why the text is no Twister account name; null when it is one. */
export function accountProblem(text: string): string | null {
  if (text === '') return 'Write an account name.';
  if (!/^[a-z0-9_]*$/.test(text)) return 'Account names have only a-z, 0-9 and _.';
  if (text.length > 16) return 'Account names have at most 16 characters.';
  return null;
}

/** Why the text cannot name a bridge; null when it can. */
export function bridgeNameProblem(text: string): string | null {
  if (text === '') return 'Give the bridge a name, such as home.';
  if (!/^[a-z0-9_-]{1,32}$/.test(text)) return 'Use 1 to 32 characters of a-z, 0-9, - and _.';
  return null;
}

/** Whether some topic can match both filters. */
export function overlap(one: string, other: string): boolean {
  const a = one.split('/');
  const b = other.split('/');
  for (let index = 0; ; index++) {
    const left = a[index];
    const right = b[index];
    if (left === '#' || right === '#') return true;
    if (left === undefined || right === undefined) return left === right;
    if (left !== right && left !== '+' && right !== '+') {
      return false;
    }
    // `sport/#` also matches `sport`.
    const aEnds = index + 1 === a.length;
    const bEnds = index + 1 === b.length;
    if (aEnds && bEnds) return true;
    if ((aEnds && b[index + 1] === '#') || (bEnds && a[index + 1] === '#')) return true;
  }
}

/** A topic that the filter matches, to try it out with. */
export function exampleTopic(filter: string): string {
  return filter
    .split('/')
    .map((level) => (level === '+' || level === '#' ? '1' : level))
    .join('/');
}
