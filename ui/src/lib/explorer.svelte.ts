/**
 * What the messages page looks at: a query, a piece of the list, the topic tree, and one message. The messages themselves are
 * the app's; the page asks for the few that it shows, again when something has happened, and not more than a few times a
 * second.
 */
import { SvelteSet } from 'svelte/reactivity';

import { BackendError, type Backend } from './backend';
import type {
  BridgeId,
  Direction,
  HistoryState,
  MessageDetail,
  MessagePage,
  MessageQuery,
  Step,
  TopicPage,
} from './model';

/** Shortest time between two looks at the list, and at what may be a little older, in milliseconds. */
const PAUSE = 250;
const LONG_PAUSE = 1000;

/** A piece of a list that is shown. */
export interface Range {
  from: number;
  count: number;
}

const NOTHING: MessagePage = { rows: [], total: 0, newer: 0, newest: 0 };

export class Explorer {
  readonly backend: Backend;
  /** The bridge whose messages are looked at; null for all. */
  bridge: BridgeId | null = $state(null);
  topic = $state('');
  text = $state('');
  peer: string | null = $state(null);
  direction: Direction | null = $state(null);
  steps: Step[] = $state.raw([]);
  /** The newest message of a list that is held still. */
  upto: number | null = $state(null);
  /** It is held because somebody wants so, not because they read further down. */
  paused = $state(false);
  page: MessagePage = $state.raw(NOTHING);
  /** The place of the page's first row. */
  from = $state(0);
  topics: TopicPage = $state.raw({ rows: [], total: 0 });
  topicsFrom = $state(0);
  /** The places of the tree that are open. */
  readonly open = new SvelteSet<string>();
  history: HistoryState | null = $state.raw(null);
  /** The key of the message that is looked at closely. */
  selected: number | null = $state(null);
  detail: MessageDetail | null = $state.raw(null);
  /** What is wrong with the query. */
  problem: BackendError | null = $state.raw(null);

  #range: Range = { from: 0, count: 50 };
  #topicRange: Range = { from: 0, count: 50 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> | null = null;
  #again = false;
  #lookedAround = 0;

  constructor(backend: Backend, bridge: BridgeId | null) {
    this.backend = backend;
    this.bridge = bridge;
  }

  get query(): MessageQuery {
    const { bridge, topic, text, peer, direction, steps } = this;
    return { bridge, topic, text, peer, direction, steps };
  }

  get filtered(): boolean {
    const { topic, text, peer, direction, steps } = this;
    return topic !== '' || text !== '' || peer !== null || direction !== null || steps.length > 0;
  }

  /** Listens from now on, until the returned function is called. */
  listen(): () => void {
    let unlisten: (() => void) | undefined;
    let closed = false;
    void this.backend
      .onNews(({ id }) => {
        if (this.bridge === null || id === this.bridge) this.touch();
      })
      .then((stop) => {
        if (closed) stop();
        else unlisten = stop;
      });
    void this.refresh();
    return () => {
      closed = true;
      clearTimeout(this.#timer);
      unlisten?.();
    };
  }

  /** Something may have changed: looks again soon. */
  touch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, PAUSE);
  }

  /** What is asked for has changed: looks again now. */
  async changed(): Promise<void> {
    if (!this.paused) this.upto = null;
    this.#lookedAround = 0;
    await this.refresh();
  }

  clearFilter(): void {
    this.topic = '';
    this.text = '';
    this.peer = null;
    this.direction = null;
    this.steps = [];
    void this.changed();
  }

  /** Shows these rows of the list. */
  show(range: Range): void {
    const { from, count } = this.#range;
    if (range.from === from && range.count === count) return;
    this.#range = range;
    void this.refresh();
  }

  /** Shows these rows of the tree. */
  showTopics(range: Range): void {
    const { from, count } = this.#topicRange;
    if (range.from === from && range.count === count) return;
    this.#topicRange = range;
    void this.#look(() => this.#readTopics());
  }

  /** Opens or closes a place of the tree. */
  toggle(place: string): void {
    if (!this.open.delete(place)) this.open.add(place);
    void this.#look(() => this.#readTopics());
  }

  /** Holds the list still, or lets it go on: whoever reads further down does not want it to move. */
  hold(on: boolean): void {
    if (this.paused) return;
    this.#hold(on);
  }

  pause(): void {
    this.paused = !this.paused;
    this.#hold(this.paused);
  }

  async select(key: number | null): Promise<void> {
    this.selected = key;
    if (key === null) this.detail = null;
    await this.#look(() => this.#readDetail());
  }

  /** Reads what is shown. While it is being read, it is read once more after that, however often it is asked for. */
  async refresh(): Promise<void> {
    if (this.#reading) this.#again = true;
    else this.#reading = this.#read();
    await this.#reading;
  }

  async #read(): Promise<void> {
    do {
      this.#again = false;
      await this.#look(async () => {
        const around = Date.now() - this.#lookedAround >= LONG_PAUSE;
        if (around) this.#lookedAround = Date.now();
        await Promise.all([
          this.#readRows(),
          this.#readDetail(),
          ...(around ? [this.#readTopics(), this.#readHistory()] : []),
        ]);
        this.problem = null;
      });
    } while (this.#again);
    this.#reading = null;
  }

  #hold(on: boolean): void {
    const upto = on ? this.page.newest : null;
    if (on && this.upto !== null) return;
    if (this.upto === upto) return;
    this.upto = upto;
    void this.refresh();
  }

  async #readRows(): Promise<void> {
    const { from, count } = this.#range;
    const page = await this.backend.messages(this.query, { from, count, upto: this.upto });
    this.page = page;
    this.from = from;
  }

  async #readTopics(): Promise<void> {
    const { from, count } = this.#topicRange;
    this.topics = await this.backend.messageTopics(this.bridge, [...this.open], { from, count, upto: null });
    this.topicsFrom = from;
  }

  async #readHistory(): Promise<void> {
    this.history = await this.backend.messageHistory();
  }

  async #readDetail(): Promise<void> {
    const key = this.selected;
    if (key === null) return;
    const known = this.detail?.row.key === key ? this.detail : null;
    // A message that has come to its end changes no more.
    const row = this.page.rows.find((one) => one.key === key);
    if (known && row?.step === known.row.step) return;
    const detail = await this.backend.message(key);
    if (this.selected !== key) return;
    // One that was forgotten meanwhile stays in sight until something else is looked at.
    if (detail || !known) this.detail = detail;
  }

  async #look(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.problem = BackendError.of(thrown);
    }
  }
}
