/** What the app is asked for again and again while a page is open: what the node alone knows. */
import { BackendError } from './backend';

export class Polled<T> {
  /** The last answer. */
  value: T | null = $state.raw(null);
  /** Why there was none the last time. */
  error: BackendError | null = $state.raw(null);
  readonly #ask: () => Promise<T>;
  readonly #period: (value: T | null) => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;

  /** Asks with `ask`, and again as many milliseconds after each answer as `period` says. */
  constructor(ask: () => Promise<T>, period: number | ((value: T | null) => number)) {
    this.#ask = ask;
    this.#period = typeof period === 'number' ? () => period : period;
  }

  /** Whether the first answer has yet to come. */
  get asking(): boolean {
    return this.value === null && this.error === null;
  }

  /** Begins to ask; the returned function ends it. Made for an effect. */
  start(): () => void {
    void this.reload();
    return () => {
      this.#round += 1;
      clearTimeout(this.#timer);
    };
  }

  /** Asks now. */
  async reload(): Promise<void> {
    clearTimeout(this.#timer);
    this.#round += 1;
    const round = this.#round;
    let answer: T | null = null;
    let error: BackendError | null = null;
    try {
      answer = await this.#ask();
    } catch (thrown) {
      error = BackendError.of(thrown);
    }
    // An answer to an earlier question, or to nobody any more.
    if (round !== this.#round) return;
    if (error === null) this.value = answer;
    this.error = error;
    this.#timer = setTimeout(() => void this.reload(), this.#period(this.value));
  }
}
