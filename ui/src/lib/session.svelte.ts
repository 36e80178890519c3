/** What the window knows of the app, kept up to date by the app's events. */
import { getContext, setContext } from 'svelte';

import { BackendError, type Backend } from './backend';
import { Edit } from './edit.svelte';
import { withSteps, type Row } from './messages';
import { PreferencesStore } from './preferences.svelte';
import { Rates } from './rates';
import type { BridgeId, BridgeNews, BridgeState, BridgeView, Overview, Problem, Recent } from './model';

/** Problems that are kept for each bridge. */
const MOST_PROBLEMS = 50;

type Happened = Pick<BridgeNews, 'messages' | 'problems' | 'skipped' | 'totals'>;

/** What happened in one bridge, newest first. */
export class Live {
  rows: Row[] = $state.raw([]);
  problems: Problem[] = $state.raw([]);
  /** Message steps that came too fast to be shown. */
  skipped = $state(0);
  #seen: Recent['totals'] = { messages: 0, problems: 0 };
  /** News that came before what happened earlier was read; null once it was. */
  #early: Happened[] | null = [];

  /** Takes what happened before, then the news that came meanwhile. */
  begin(recent: Recent | null): void {
    const early = this.#early ?? [];
    this.#early = null;
    if (recent) this.add({ ...recent, skipped: 0 });
    for (const news of early) this.add(news);
  }

  /** Takes news; what was seen before is left out. */
  add(news: Happened): void {
    if (this.#early) {
      this.#early.push(news);
      return;
    }
    const messages = unseen(news.messages, news.totals.messages, this.#seen.messages);
    const problems = unseen(news.problems, news.totals.problems, this.#seen.problems);
    this.#seen = {
      messages: Math.max(this.#seen.messages, news.totals.messages),
      problems: Math.max(this.#seen.problems, news.totals.problems),
    };
    if (messages.length > 0) this.rows = withSteps(this.rows, messages);
    if (problems.length > 0)
      this.problems = [...problems.reverse(), ...this.problems].slice(0, MOST_PROBLEMS);
    this.skipped += news.skipped;
  }

  clear(): void {
    this.rows = [];
    this.skipped = 0;
  }
}

/** The items of a list that ends with item number `total`, without those up to number `seen`. */
function unseen<T>(items: readonly T[], total: number, seen: number): T[] {
  return items.slice(Math.max(0, seen - (total - items.length)));
}

export class Session {
  readonly backend: Backend;
  readonly preferences: PreferencesStore;
  overview: Overview | null = $state.raw(null);
  /** Why the app cannot be reached; then there is nothing to show. */
  broken: BackendError | null = $state.raw(null);
  /** An invitation whose network is being joined: it is read when there is a bridge to read it for. */
  invitation: string | null = $state.raw(null);
  // Plain maps: what they hold is the state, not which of it was asked for.
  /* eslint-disable svelte/prefer-svelte-reactivity */
  #live = new Map<BridgeId, Live>();
  #edits = new Map<BridgeId, Edit>();
  #rates = new Map<BridgeId, Rates>();
  /* eslint-enable svelte/prefer-svelte-reactivity */
  #unlisten: (() => void)[] = [];

  constructor(backend: Backend) {
    this.backend = backend;
    this.preferences = new PreferencesStore(backend);
  }

  /** Reads the overview and listens from then on. */
  async open(): Promise<void> {
    try {
      await this.preferences.open();
      this.#unlisten = await Promise.all([
        this.backend.onNews((news) => this.#take(news)),
        this.backend.onOverviewChanged(() => void this.refresh()),
      ]);
      await this.refresh();
    } catch (thrown) {
      this.broken = BackendError.of(thrown);
    }
  }

  close(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  async refresh(): Promise<void> {
    this.overview = await this.backend.overview();
    // A bridge that is gone takes its past along: another may come under its name.
    for (const id of [...this.#live.keys(), ...this.#edits.keys(), ...this.#rates.keys()]) {
      if (this.bridge(id)) continue;
      this.#live.delete(id);
      this.#edits.delete(id);
      this.#rates.delete(id);
    }
  }

  /** The person's own bridges, then those of "Try it". */
  get bridges(): BridgeView[] {
    return this.overview ? [...this.overview.bridges, ...this.overview.tryout.bridges] : [];
  }

  bridge(id: BridgeId): BridgeView | undefined {
    return this.bridges.find((bridge) => bridge.id === id);
  }

  /** What happened in a bridge, with what happened before the window asked. */
  live(id: BridgeId): Live {
    const known = this.#live.get(id);
    if (known) return known;
    const live = new Live();
    this.#live.set(id, live);
    void this.#fill(id, live);
    return live;
  }

  /** How fast messages cross in a bridge. */
  rates(id: BridgeId): Rates {
    const known = this.#rates.get(id) ?? new Rates();
    this.#rates.set(id, known);
    return known;
  }

  /** Starts a bridge. Why it does not start, the app keeps with the bridge and tells of it. */
  async start(id: BridgeId): Promise<void> {
    await this.#told(this.backend.startBridge(id));
  }

  async stop(id: BridgeId): Promise<void> {
    await this.#told(this.backend.stopBridge(id));
  }

  async startAll(): Promise<void> {
    await Promise.all(this.bridges.map(({ id }) => this.start(id)));
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.bridges.map(({ id }) => this.stop(id)));
  }

  /** The change under way to a bridge. It outlives the page, so that nothing that was typed is lost by looking elsewhere. */
  edit(bridge: BridgeView): Edit {
    const known = this.#edits.get(bridge.id);
    if (known?.changed) return known;
    const edit = new Edit(bridge);
    this.#edits.set(bridge.id, edit);
    return edit;
  }

  async #fill(id: BridgeId, live: Live): Promise<void> {
    try {
      live.begin(await this.backend.recent(id));
    } catch {
      // The bridge is gone: its page says so, and there is nothing to fill in.
      live.begin(null);
    }
  }

  async #told(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch {
      await this.refresh();
    }
  }

  #take(news: BridgeNews): void {
    if (news.state) {
      this.#setState(news.id, news.state);
      this.rates(news.id).note(news.state.counters, Date.now());
    }
    this.live(news.id).add(news);
  }

  #setState(id: BridgeId, state: BridgeState): void {
    if (!this.overview) return;
    const changed = (bridge: BridgeView): BridgeView => (bridge.id === id ? { ...bridge, state } : bridge);
    const { tryout } = this.overview;
    this.overview = {
      ...this.overview,
      bridges: this.overview.bridges.map(changed),
      tryout: { ...tryout, bridges: tryout.bridges.map(changed) },
    };
  }
}

const KEY = Symbol('session');

export function provideSession(session: Session): Session {
  return setContext(KEY, session);
}

export function useSession(): Session {
  return getContext<Session>(KEY);
}
