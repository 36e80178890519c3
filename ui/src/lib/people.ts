/** The people of a bridge: how each stands, and changing whom it follows. */
import { relative } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import type { BridgeConfig, BridgeInput, BridgeView, PeerConfig, Person, Subscription } from './model';
import type { Standing } from './states';

/** So many posts behind is behind, and not just a post on its way. */
const BEHIND = 3;

/** The people that the settings name, of a bridge that says nothing of them: it does not run. */
export function namedPeople({ config }: Pick<BridgeView, 'config'>): Person[] {
  const addressed = new Set(config.forwards.flatMap(({ to }) => to ?? []));
  const names = new Set([...config.following, ...addressed]);
  names.delete(config.twister.account);
  return [...names].sort().map((name) => ({
    name,
    followed: config.following.includes(name),
    addressed: addressed.has(name),
    registered: null,
    wants: null,
    packs: false,
    since_s: null,
    last_seen_ms: null,
    posts_behind: null,
    waiting_out: 0,
    oldest_out_ms: null,
    unheard: 0,
    waiting_in: 0,
    quarantined: 0,
  }));
}

/** How a person stands, by what matters most. */
export function personStanding(person: Person, running: boolean, now: number): Standing {
  if (!running) return standing('idle', t('people.unknown'), t('people.unknown_long'));
  if (person.registered === false) {
    return standing('bad', t('people.not_registered'), t('people.not_registered_long'));
  }
  if (person.posts_behind !== null && person.posts_behind >= BEHIND) {
    const count = person.posts_behind;
    return standing('wait', t('people.behind', { count }), t('people.behind_long', { count }));
  }
  const waiting = person.waiting_out + person.unheard;
  if (waiting > 0) {
    return standing(
      'wait',
      t('people.waiting', { count: waiting }),
      t('people.waiting_long', { count: waiting }),
    );
  }
  if (person.wants === null) return standing('wait', t('people.unheard_of'), t('people.unheard_of_long'));
  if (person.last_seen_ms === null) return standing('idle', t('people.silent'), t('people.silent_long'));
  const seen = t('people.seen', { when: relative(person.last_seen_ms, now) });
  return standing('good', seen, seen);
}

function standing(tone: Standing['tone'], short: string, long: string): Standing {
  return { tone, short, long };
}

/** The bridge with another configuration, as the app takes it. */
export function inputWith(bridge: Pick<BridgeView, 'id'>, config: BridgeConfig): BridgeInput {
  return { replaces: bridge.id, config, node_password: null, broker_password: null };
}

export function withFollowed(config: BridgeConfig, name: string): BridgeConfig {
  return config.following.includes(name) ? config : { ...config, following: [...config.following, name] };
}

/** The configuration without a person: what names only them goes too, since a rule that names nobody would mean everybody. */
export function withoutPerson(config: BridgeConfig, name: string): BridgeConfig {
  const others = (names: readonly string[] | undefined) => (names ?? []).filter((one) => one !== name);
  const peers = Object.fromEntries(Object.entries(config.peers ?? {}).filter(([peer]) => peer !== name));
  return {
    ...config,
    following: others(config.following),
    forwards: config.forwards.flatMap((rule) => {
      if (!(rule.to ?? []).includes(name)) return [rule];
      const to = others(rule.to);
      return to.length > 0 ? [{ ...rule, to }] : [];
    }),
    subscriptions: config.subscriptions.flatMap((rule) => {
      if (typeof rule === 'string' || !(rule.from ?? []).includes(name)) return [rule];
      const from = others(rule.from);
      return from.length > 0 ? [{ ...rule, from } satisfies Subscription] : [];
    }),
    peers,
  };
}

export function withPeer(config: BridgeConfig, name: string, peer: PeerConfig): BridgeConfig {
  return { ...config, peers: { ...config.peers, [name]: peer } };
}

/** The limits for everybody where the settings name none: those of the app. */
export const USUAL_LIMITS = { messages_per_minute: 6000, max_payload: 262_144 };

/** What is special about a person, with other limits; null is the limit for everybody. */
export function limited(
  peer: PeerConfig,
  topics: string[],
  messagesPerMinute: number | null,
  maxPayload: number | null,
): PeerConfig {
  const { first_contact, after_absence } = peer;
  return {
    first_contact,
    after_absence,
    topics,
    ...(messagesPerMinute === null ? {} : { messages_per_minute: messagesPerMinute }),
    ...(maxPayload === null ? {} : { max_payload: maxPayload }),
  };
}

/** What is special about a person; nothing if nothing was set. */
export function peerOf(config: BridgeConfig, name: string): PeerConfig {
  return config.peers?.[name] ?? { first_contact: 'from_now_on', after_absence: 'everything' };
}

/** The lines of a text that say something: one topic a line. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A number that was typed in; null for nothing, undefined for what is no number from 1 on. */
export function limitOf(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  const value = Number(typed);
  return Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff ? value : undefined;
}
