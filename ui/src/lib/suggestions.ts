/** What to suggest while a topic or a filter is typed: topics that were seen, and filters for the branches that they form. */
import type { TopicView } from './model';

export interface Suggestion {
  text: string;
  /** How many of the topics that were seen it means. */
  topics: number;
}

/** Suggestions that are shown at most. */
const MOST = 8;

/**
 * The best suggestions for what was typed. A filter is suggested for a branch of several topics, before the topics in it; of
 * equal ones, those that mean more come first.
 */
export function suggest(topics: readonly TopicView[], typed: string, filters: boolean): Suggestion[] {
  const wanted = typed.replace(/\/?[#+]*$/, '').toLowerCase();
  const found = new Map<string, number>();
  for (const { topic } of topics) {
    if (!topic.toLowerCase().includes(wanted)) continue;
    found.set(topic, 1);
    if (!filters) continue;
    const levels = topic.split('/');
    for (let depth = 1; depth < levels.length; depth++) {
      const branch = `${levels.slice(0, depth).join('/')}/#`;
      found.set(branch, (found.get(branch) ?? 0) + 1);
    }
  }
  const begins = (text: string) => Number(text.toLowerCase().startsWith(wanted));
  return [...found]
    .filter(([text, count]) => text !== typed && (!text.endsWith('/#') || count > 1))
    .map(([text, count]) => ({ text, topics: count }))
    .sort(
      (one, other) =>
        begins(other.text) - begins(one.text) ||
        other.topics - one.topics ||
        (one.text < other.text ? -1 : 1),
    )
    .slice(0, MOST);
}
