/** Topic names, topic filters and account names, as far as a form needs them. The app checks again, and its word counts. */

import { t } from '../i18n/index.svelte';

/** Why the text is no topic filter; null when it is one. */
export function filterProblem(text: string): string | null {
  if (text === '') return t('fields.filter_empty');
  if (text.includes('\0')) return t('fields.topic_nul');
  const levels = text.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index + 1 < levels.length)) {
      return t('fields.filter_hash');
    }
    if (level.includes('+') && level !== '+') return t('fields.filter_plus');
  }
  return null;
}

/** Why the text is no topic name; null when it is one. */
export function topicProblem(text: string): string | null {
  if (text === '') return t('fields.topic_empty');
  if (/[+#]/.test(text)) return t('fields.topic_wildcard');
  if (text.includes('\0')) return t('fields.topic_nul');
  return null;
}

/** Why the text is no Twister account name; null when it is one. */
export function accountProblem(text: string): string | null {
  if (text === '') return t('fields.account_empty');
  if (!/^[a-z0-9_]*$/.test(text)) return t('fields.account_letters');
  if (text.length > 16) return t('fields.account_long');
  return null;
}

/** Why the text cannot name a bridge; null when it can. */
export function bridgeNameProblem(text: string): string | null {
  if (text === '') return t('fields.name_empty');
  if (!/^[a-z0-9_-]{1,32}$/.test(text)) return t('fields.name_letters');
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

/** Whether every topic that `narrow` matches is matched by `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  if (narrow.startsWith('$') && /^[+#]/.test(wide)) return false;
  const theirs = narrow.split('/');
  const mine = wide.split('/');
  for (const [index, level] of mine.entries()) {
    if (level === '#') return true;
    const their = theirs[index];
    if (their === undefined || their === '#' || (level !== '+' && level !== their)) return false;
  }
  return mine.length === theirs.length;
}

/** A topic that the filter matches, to try it out with. */
export function exampleTopic(filter: string): string {
  return filter
    .split('/')
    .map((level) => (level === '+' || level === '#' ? '1' : level))
    .join('/');
}
