/** A bridge's settings while a person edits them. */
import { t } from '../i18n/index.svelte';
import type { BackendError } from './backend';
import type {
  BridgeConfig,
  BridgeInput,
  BridgeView,
  BrokerSpeech,
  Forward,
  Limits,
  ProtocolChoice,
  SecretInput,
  Subscription,
  Visibility,
} from './model';
import { accountProblem, bridgeNameProblem, filterProblem } from './topics';

export interface ForwardDraft {
  from: string;
  type: Visibility;
  /** Account names as they are typed: `@bob, @eve`. */
  to: string;
  /** What else the rule says, which no form shows. */
  more?: Omit<Forward, 'from' | 'type' | 'to'>;
}

/** What a subscription says beside its filter, which no form shows. */
export type SubscriptionMore = Omit<Subscription, 'filter'>;

/** How much may come in, as it is typed. */
export interface LimitsDraft {
  messagesPerMinute: string;
  maxPayload: string;
  deliverPerSecond: string;
  quarantine: string;
}

/** What holds where the settings say nothing. */
export const DEFAULT_LIMITS: LimitsDraft = {
  messagesPerMinute: '6000',
  maxPayload: '262144',
  deliverPerSecond: '200',
  quarantine: '100',
};

export interface Draft {
  name: string;
  nodeUrl: string;
  nodeUser: string;
  /** Null leaves the password as it is. One that the app has found is only pointed to. */
  nodePassword: SecretInput | null;
  account: string;
  brokerUrl: string;
  brokerUser: string;
  brokerProtocol: ProtocolChoice;
  /** Files for TLS; empty for none. */
  brokerCaFile: string;
  brokerCertFile: string;
  brokerKeyFile: string;
  /** Null leaves the password as it is. */
  brokerPassword: SecretInput | null;
  limits: LimitsDraft;
  following: string[];
  publications: string[];
  forwards: ForwardDraft[];
  subscriptions: string[];
  /** What each of them says beside its filter; those that were added say nothing. */
  subscriptionsMore: (SubscriptionMore | null)[];
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
    ...PLAIN_SPEECH,
    brokerPassword: null,
    limits: { ...DEFAULT_LIMITS },
    following: [],
    publications: [],
    forwards: [],
    subscriptions: [],
    subscriptionsMore: [],
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
    brokerProtocol: config.broker.protocol ?? 'auto',
    brokerCaFile: config.broker.ca_file ?? '',
    brokerCertFile: config.broker.client_cert_file ?? '',
    brokerKeyFile: config.broker.client_key_file ?? '',
    brokerPassword: null,
    limits: limitsDraftOf(config.limits),
    following: [...config.following],
    publications: [...config.publications],
    forwards: config.forwards.map(({ from, type, to, ...more }) => ({
      from,
      type,
      to: (to ?? []).map((name) => `@${name}`).join(', '),
      more,
    })),
    subscriptions: config.subscriptions.map((one) => (typeof one === 'string' ? one : one.filter)),
    subscriptionsMore: config.subscriptions.map(moreOf),
  };
}

function limitsDraftOf(limits: Limits | undefined): LimitsDraft {
  const text = (number: number | undefined, otherwise: string) =>
    number === undefined ? otherwise : String(number);
  return {
    messagesPerMinute: text(limits?.messages_per_minute, DEFAULT_LIMITS.messagesPerMinute),
    maxPayload: text(limits?.max_payload, DEFAULT_LIMITS.maxPayload),
    deliverPerSecond: text(limits?.deliver_per_second, DEFAULT_LIMITS.deliverPerSecond),
    quarantine: text(limits?.quarantine, DEFAULT_LIMITS.quarantine),
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
      broker: brokerOf(draft, before?.broker),
      following: draft.following,
      publications: draft.publications,
      forwards: draft.forwards.map(forwardOf),
      subscriptions: draft.subscriptions.map((filter, index) => {
        const more = draft.subscriptionsMore[index];
        return more ? { ...more, filter } : filter;
      }),
      peers: peersOf(before, draft.following),
    },
    node_password: draft.nodePassword,
    broker_password: draft.brokerPassword,
  };
}

/**
 * The draft's settings with the bridge's present rules: these change on a page of their own, and may have changed since the
 * draft began.
 */
export function settingsInputOf(draft: Draft, bridge: Pick<BridgeView, 'id' | 'config'>): BridgeInput {
  const { following, publications, forwards, subscriptions, peers } = bridge.config;
  const input = inputOf(draft, bridge);
  const rules = { following, publications, forwards, subscriptions, ...(peers ? { peers } : {}) };
  return { ...input, config: { ...input.config, ...rules, limits: limitsOf(draft) } };
}

/** A broker that is spoken to as most are. */
export const PLAIN_SPEECH = {
  brokerProtocol: 'auto',
  brokerCaFile: '',
  brokerCertFile: '',
  brokerKeyFile: '',
} satisfies Partial<Draft>;

/** How the draft's broker is spoken to. */
export function speechOf(draft: Draft): BrokerSpeech {
  return {
    protocol: draft.brokerProtocol,
    ca_file: draft.brokerCaFile || null,
    client_cert_file: draft.brokerCertFile || null,
    client_key_file: draft.brokerKeyFile || null,
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
  if (draft.nodeUrl.trim() === '') problems['twister.url'] = t('fields.node_empty');
  const account = accountProblem(draft.account);
  if (account !== null) problems['twister.account'] = account;
  if (draft.brokerUrl.trim() === '') problems['broker.url'] = t('fields.broker_empty');
  return problems;
}

/** The app's error as a field's problem, if it names one that a form shows. */
export function fieldProblems(error: BackendError | null): FieldProblems {
  const field = shownField(error?.field ?? null);
  return error && field !== null ? { [field]: error.message } : {};
}

/** Where a form shows a problem of this field: its own place, or that of its rule. Null if no form does. */
export function shownField(field: string | null): string | null {
  if (field === null || field.startsWith('peers')) return null;
  const [, subscription] = /^(subscriptions\[\d+\])/.exec(field) ?? [];
  if (subscription !== undefined) return subscription;
  const [, forward, part] = /^(forwards\[\d+\])\.?(\w*)/.exec(field) ?? [];
  if (forward === undefined) return field;
  return part === 'type' || part === 'to' ? field : `${forward}.from`;
}

/** The names in a text, however they are set apart. A leading @ is how people write them. */
export function namesIn(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((name) => name.replace(/^@/, ''))
    .filter((name) => name !== '');
}

function brokerOf(draft: Draft, before: BridgeConfig['broker'] | undefined): BridgeConfig['broker'] {
  const { brokerCaFile, brokerCertFile, brokerKeyFile } = draft;
  const rest = { ...before };
  delete rest.ca_file;
  delete rest.client_cert_file;
  delete rest.client_key_file;
  return {
    ...rest,
    url: draft.brokerUrl,
    user: draft.brokerUser,
    protocol: draft.brokerProtocol,
    ...(brokerCaFile ? { ca_file: brokerCaFile } : {}),
    ...(brokerCertFile ? { client_cert_file: brokerCertFile } : {}),
    ...(brokerKeyFile ? { client_key_file: brokerKeyFile } : {}),
  };
}

/** The limits as the app takes them; what is no number goes as 0, which it refuses at its field. */
function limitsOf({ limits }: Draft): Limits {
  const number = (text: string) => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : 0);
  return {
    messages_per_minute: number(limits.messagesPerMinute),
    max_payload: number(limits.maxPayload),
    deliver_per_second: number(limits.deliverPerSecond),
    quarantine: number(limits.quarantine),
  };
}

function forwardOf({ from, type, to, more }: ForwardDraft): Forward {
  // Who a message goes to means nothing for a public one, and what mosquitto-twister can read for a private one.
  if (type === 'public') return { ...more, from, type, to: [] };
  return { ...more, from, type, to: namesIn(to), compatible: false };
}

function moreOf(subscription: BridgeConfig['subscriptions'][number]): SubscriptionMore | null {
  if (typeof subscription === 'string') return null;
  const more: Partial<Subscription> = { ...subscription };
  delete more.filter;
  return more;
}

/** What is special about those who are still followed. */
function peersOf(before: BridgeConfig | undefined, following: string[]): NonNullable<BridgeConfig['peers']> {
  const kept = Object.entries(before?.peers ?? {}).filter(([name]) => following.includes(name));
  return Object.fromEntries(kept);
}

function receiversProblem(to: string[], own: string): string | null {
  if (to.length === 0) return t('rules.problem_private_to_nobody');
  for (const account of to) {
    const problem = accountProblem(account);
    if (problem !== null) return `@${account}: ${problem}`;
    if (account === own) return t('rules.problem_to_itself');
  }
  return null;
}
