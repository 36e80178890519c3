/** What a new bridge shares and receives, as the first steps ask for it: simpler than all that rules can say. */
import { namesIn, type Draft } from './draft';
import type { Visibility } from './model';
import { filterProblem } from './topics';

export interface ShareRule {
  /** Topic filter. */
  from: string;
  type: Visibility;
  /** Account names as they are typed. */
  to: string;
}

export interface Sharing {
  rules: ShareRule[];
  /** Whom to receive from: account names as they are typed. */
  people: string;
  /** What to receive: topic filters as they are typed. */
  topics: string;
}

/** Topic filters in a text, set apart by commas or spaces. */
export function filtersIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter((filter) => filter !== '');
}

/** What of the topic filters in a text is none; null when all are. */
export function filtersProblem(text: string): string | null {
  for (const filter of filtersIn(text)) {
    const problem = filterProblem(filter);
    if (problem !== null) return `${filter}: ${problem}`;
  }
  return null;
}

/** The draft with what is shared and received. Whoever gets something privately is followed as well: they answer. */
export function withSharing(draft: Draft, { rules, people, topics }: Sharing): Draft {
  const meant = rules.filter(({ from }) => from !== '');
  const receivers = meant.flatMap(({ type, to }) => (type === 'private' ? namesIn(to) : []));
  const following = [...namesIn(people), ...receivers].filter((name) => name !== draft.account);
  const subscriptions = filtersIn(topics);
  return {
    ...draft,
    following: [...new Set(following)],
    publications: [...new Set(meant.map(({ from }) => from))],
    forwards: meant.map((rule) => ({ ...rule })),
    subscriptions,
    subscriptionsMore: subscriptions.map(() => null),
  };
}
