/**
 * Rules as a person reads and writes them: a form for each, the form as a rule again, and a bridge's settings with rules added,
 * changed, moved or removed. The app checks them; nothing here decides what a message does.
 */
import { namesIn } from './draft';
import type { BridgeConfig, BridgeInput, BridgeView, Forward, Subscription, Visibility } from './model';
import { covers, overlap } from './topics';

/** What goes out, or what comes in. */
export type Kind = 'out' | 'in';

/** What the topics are called at the other end. */
export type Naming = 'same' | 'prefix' | 'rename';

export type ExpiryUnit = 's' | 'min' | 'h' | 'd';

const EXPIRY_SECONDS: Record<ExpiryUnit, number> = { s: 1, min: 60, h: 3600, d: 86_400 };

/** How long a message waits for others if a rule says nothing, in milliseconds. */
export const DEFAULT_MAX_WAIT_MS = 250;

/** A rule while a person writes it: texts as they are typed. */
export interface RuleForm {
  kind: Kind;
  filter: string;
  /** One filter a line. */
  except: string;
  visibility: Visibility;
  /** To whom, or from whom: `@bob, @eve`. */
  people: string;
  naming: Naming;
  strip: string;
  add: string;
  rename: string;
  /** `0`, `1`, `2`; empty for as it is. */
  maxQos: string;
  stripRetain: boolean;
  latestOnly: boolean;
  /** A number; empty for never. */
  expires: string;
  expiresUnit: ExpiryUnit;
  /** Seconds; empty for a moment. */
  maxWait: string;
  compatible: boolean;
}

export function emptyForm(kind: Kind): RuleForm {
  return {
    kind,
    filter: '',
    except: '',
    visibility: 'private',
    people: '',
    naming: 'same',
    strip: '',
    add: '',
    rename: '',
    maxQos: '',
    stripRetain: false,
    latestOnly: false,
    expires: '',
    expiresUnit: 'min',
    maxWait: '',
    compatible: false,
  };
}

/** Whether a rule says more than which messages go to whom. */
export function saysMore(form: RuleForm): boolean {
  const plain = { ...emptyForm(form.kind), filter: form.filter, people: form.people };
  const { visibility, compatible } = form;
  return JSON.stringify({ ...plain, visibility, compatible }) !== JSON.stringify(form);
}

/** A subscription with all that it says, also if it is written as a filter alone. */
export function wholeSubscription(written: BridgeConfig['subscriptions'][number]): Subscription {
  return typeof written === 'string' ? { filter: written } : written;
}

export function formOfForward(rule: Forward): RuleForm {
  const [expires, expiresUnit] = expiryOf(rule.expires_after_s);
  const wait = rule.max_wait_ms ?? DEFAULT_MAX_WAIT_MS;
  return {
    ...emptyForm('out'),
    ...sharedOf(rule),
    filter: rule.from,
    visibility: rule.type,
    people: mentions(rule.to),
    latestOnly: rule.latest_only ?? false,
    expires,
    expiresUnit,
    maxWait: wait === DEFAULT_MAX_WAIT_MS ? '' : String(wait / 1000),
    compatible: rule.compatible ?? false,
  };
}

export function formOfSubscription(rule: Subscription): RuleForm {
  return { ...emptyForm('in'), ...sharedOf(rule), filter: rule.filter, people: mentions(rule.from) };
}

export function forwardOfForm(form: RuleForm): Forward {
  const isPrivate = form.visibility === 'private';
  const expires =
    form.expires.trim() === '' ? null : toNumber(form.expires) * EXPIRY_SECONDS[form.expiresUnit];
  const wait = form.maxWait.trim() === '' ? null : Math.round(toNumber(form.maxWait) * 1000);
  return {
    from: form.filter,
    ...sharedOfForm(form),
    type: form.visibility,
    ...(isPrivate ? { to: namesIn(form.people) } : {}),
    ...(form.latestOnly ? { latest_only: true } : {}),
    ...(expires === null ? {} : { expires_after_s: expires }),
    ...(wait === null ? {} : { max_wait_ms: wait }),
    ...(form.compatible && !isPrivate ? { compatible: true } : {}),
  };
}

export function subscriptionOfForm(form: RuleForm): Subscription {
  const from = namesIn(form.people);
  return { filter: form.filter, ...sharedOfForm(form), ...(from.length > 0 ? { from } : {}) };
}

/** The settings with the form's rule in place `index`; at the end if it is null. */
export function withRule(config: BridgeConfig, form: RuleForm, index: number | null): BridgeConfig {
  if (form.kind === 'in') {
    const subscriptions = config.subscriptions.map(wholeSubscription);
    subscriptions.splice(index ?? subscriptions.length, 1, subscriptionOfForm(form));
    return { ...config, subscriptions };
  }
  const forwards = [...config.forwards];
  const [old] = forwards.splice(index ?? forwards.length, 1, forwardOfForm(form));
  const changed = { ...config, forwards };
  // What a rule is about has to be listened to; what only the old one was about has not.
  const kept = old && old.from !== form.filter ? unlistened(changed, old.from) : config.publications;
  const heard = form.filter === '' || kept.some((filter) => covers(filter, form.filter));
  return { ...changed, publications: heard ? kept : [...kept, form.filter] };
}

/** The settings without a rule. */
export function withoutRule(config: BridgeConfig, kind: Kind, index: number): BridgeConfig {
  if (kind === 'in')
    return { ...config, subscriptions: config.subscriptions.filter((_, at) => at !== index) };
  const old = config.forwards[index];
  const changed = { ...config, forwards: config.forwards.filter((_, at) => at !== index) };
  return { ...changed, publications: old ? unlistened(changed, old.from) : config.publications };
}

/** The settings with a rule one place further up (-1) or down (1). */
export function withMoved(config: BridgeConfig, kind: Kind, index: number, by: -1 | 1): BridgeConfig {
  const list = kind === 'out' ? config.forwards : config.subscriptions;
  const moved = [...list];
  const [rule] = moved.splice(index, 1);
  if (rule === undefined || index + by < 0 || index + by >= list.length) return config;
  moved.splice(index + by, 0, rule);
  return kind === 'out'
    ? { ...config, forwards: moved as Forward[] }
    : { ...config, subscriptions: moved as BridgeConfig['subscriptions'] };
}

/** The settings with all of a rule's messages listened to. */
export function withListening(config: BridgeConfig, filter: string): BridgeConfig {
  return { ...config, publications: [...config.publications.filter((one) => !covers(filter, one)), filter] };
}

/** How much of what a filter means is listened to at the broker. */
export function listening(
  config: Pick<BridgeConfig, 'publications'>,
  filter: string,
): 'all' | 'some' | 'none' {
  if (config.publications.some((one) => covers(one, filter))) return 'all';
  return config.publications.some((one) => overlap(one, filter)) ? 'some' : 'none';
}

/** Other settings for a bridge, as the app takes them. Passwords stay as they are. */
export function inputWith(bridge: Pick<BridgeView, 'id'>, config: BridgeConfig): BridgeInput {
  return { replaces: bridge.id, config, node_password: null, broker_password: null };
}

/** Where a rule's problems are told, as in `forwards[2]`. */
export function ruleField(kind: Kind, index: number): string {
  return `${kind === 'out' ? 'forwards' : 'subscriptions'}[${index}]`;
}

function sharedOf(rule: Forward | Subscription): Partial<RuleForm> {
  const naming: Naming = rule.rename ? 'rename' : rule.strip_prefix || rule.add_prefix ? 'prefix' : 'same';
  return {
    except: (rule.except ?? []).join('\n'),
    naming,
    strip: rule.strip_prefix ?? '',
    add: rule.add_prefix ?? '',
    rename: rule.rename ?? '',
    maxQos: rule.max_qos === undefined ? '' : String(rule.max_qos),
    stripRetain: rule.retain === 'strip',
  };
}

function sharedOfForm(form: RuleForm): Omit<Subscription, 'filter' | 'from'> {
  const except = form.except.split('\n').flatMap((line) => line.trim() || []);
  return {
    ...(except.length > 0 ? { except } : {}),
    ...(form.naming === 'prefix' && form.strip !== '' ? { strip_prefix: form.strip } : {}),
    ...(form.naming === 'prefix' && form.add !== '' ? { add_prefix: form.add } : {}),
    ...(form.naming === 'rename' ? { rename: form.rename } : {}),
    ...(form.maxQos === '' ? {} : { max_qos: Number(form.maxQos) }),
    ...(form.stripRetain ? { retain: 'strip' } : {}),
  };
}

/** The publications without a filter that no rule is about any more. */
function unlistened(config: BridgeConfig, filter: string): string[] {
  const needed = config.forwards.some(({ from }) => overlap(from, filter));
  return needed ? config.publications : config.publications.filter((one) => one !== filter);
}

function expiryOf(seconds: number | undefined): [string, ExpiryUnit] {
  if (seconds === undefined) return ['', 'min'];
  const units: ExpiryUnit[] = ['d', 'h', 'min'];
  const unit = units.find((one) => seconds % EXPIRY_SECONDS[one] === 0) ?? 's';
  return [String(seconds / EXPIRY_SECONDS[unit]), unit];
}

/** What was typed as a number; what is none goes to the app as -1, which it refuses at its field. */
function toNumber(text: string): number {
  const number = Number(text.trim().replace(',', '.'));
  return Number.isFinite(number) && number >= 0 ? number : -1;
}

function mentions(names: readonly string[] | undefined): string {
  return (names ?? []).map((name) => `@${name}`).join(', ');
}
