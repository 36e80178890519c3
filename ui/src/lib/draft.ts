/** A bridge's settings while a person edits them. */
import type { BackendError } from './backend';
import type { BridgeInput, BridgeView, Visibility } from './model';
import { accountProblem, bridgeNameProblem, filterProblem } from './topics';

export interface ForwardDraft {
  from: string;
  type: Visibility;
  /** Account names as they are typed: `@bob, @eve`. */
  to: string;
}

export interface Draft {
  name: string;
  nodeUrl: string;
  nodeUser: string;
  /** Null leaves the password as it is. */
  nodePassword: string | null;
  account: string;
  brokerUrl: string;
  brokerUser: string;
  /** Null leaves the password as it is. */
  brokerPassword: string | null;
  following: string[];
  publications: string[];
  forwards: ForwardDraft[];
  subscriptions: string[];
}

/** Problems by field, under the same paths as the app's own: `twister.url`, `forwards[0].to`. */
export type FieldProblems = Record<string, string>;

export function newDraft(): Draft {
  return {
    name: '',
    nodeUrl: 'http://127.0.0.1:28332',
    nodeUser: '',
    nodePassword: null,
    account: '',
    brokerUrl: 'mqtt://127.0.0.1:1883',
    brokerUser: '',
    brokerPassword: null,
    following: [],
    publications: [],
    forwards: [],
    subscriptions: [],
  };
}

export function draftOf({ config }: Pick<BridgeView, 'config'>): Draft {
  return {
    name: config.name,
    nodeUrl: config.twister.url,
    nodeUser: config.twister.user ?? '',
    nodePassword: null,
    account: config.twister.account,
    brokerUrl: config.broker.url,
    brokerUser: config.broker.user ?? '',
    brokerPassword: null,
    following: [...config.following],
    publications: [...config.publications],
    forwards: config.forwards.map(({ from, type, to }) => ({
      from,
      type,
      to: (to ?? []).map((name) => `@${name}`).join(', '),
    })),
    subscriptions: [...config.subscriptions],
  };
}

/** The draft as the app takes it; `bridge` is the one that it changes. Settings that no form shows stay as they are. */
export function inputOf(draft: Draft, bridge: Pick<BridgeView, 'id' | 'config'> | null): BridgeInput {
  const before = bridge?.config;
  return {
    replaces: bridge?.id ?? null,
    config: {
      ...before,
      name: draft.name,
      twister: { ...before?.twister, url: draft.nodeUrl, user: draft.nodeUser, account: draft.account },
      broker: { ...before?.broker, url: draft.brokerUrl, user: draft.brokerUser },
      following: draft.following,
      publications: draft.publications,
      // Who a message goes to means nothing for a public one.
      forwards: draft.forwards.map(({ from, type, to }) => ({
        from,
        type,
        to: type === 'private' ? namesIn(to) : [],
      })),
      subscriptions: draft.subscriptions,
    },
    node_password: draft.nodePassword,
    broker_password: draft.brokerPassword,
  };
}

/** What is wrong with the rules, before the app is asked. */
export function ruleProblems(draft: Draft): FieldProblems {
  const problems: FieldProblems = {};
  const note = (field: string, problem: string | null) => {
    if (problem !== null) problems[field] = problem;
  };
  draft.publications.forEach((filter, index) => note(`publications[${index}]`, filterProblem(filter)));
  draft.subscriptions.forEach((filter, index) => note(`subscriptions[${index}]`, filterProblem(filter)));
  draft.following.forEach((account, index) => note(`following[${index}]`, accountProblem(account)));
  draft.forwards.forEach(({ from, type, to }, index) => {
    note(`forwards[${index}].from`, filterProblem(from));
    if (type === 'private') note(`forwards[${index}].to`, receiversProblem(namesIn(to), draft.account));
  });
  return problems;
}

/** What is wrong with name, addresses and account, before the app is asked. */
export function settingsProblems(draft: Draft): FieldProblems {
  const problems: FieldProblems = {};
  const name = bridgeNameProblem(draft.name);
  if (name !== null) problems['name'] = name;
  if (draft.nodeUrl.trim() === '')
    problems['twister.url'] = 'Write the node’s address, such as http://127.0.0.1:28332.';
  const account = accountProblem(draft.account);
  if (account !== null) problems['twister.account'] = account;
  if (draft.brokerUrl.trim() === '')
    problems['broker.url'] = 'Write the broker’s address, such as mqtt://127.0.0.1:1883.';
  return problems;
}

/** The app's error as a field's problem, if it names a field. */
export function fieldProblems(error: BackendError | null): FieldProblems {
  return error?.field ? { [error.field]: error.message } : {};
}

/** The names in a text, however they are set apart. A leading @ is how people write them. */
export function namesIn(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((name) => name.replace(/^@/, ''))
    .filter((name) => name !== '');
}

function receiversProblem(to: string[], own: string): string | null {
  if (to.length === 0) return 'Name at least one account, or make it public.';
  for (const account of to) {
    const problem = accountProblem(account);
    if (problem !== null) return `@${account}: ${problem}`;
    if (account === own) return `@${account} is this bridge’s own account.`;
  }
  return null;
}
