/** What the app says of settings while they are being written: asked when the person pauses, and only the newest answer counts. */
import type { Backend } from './backend';
import type { BridgeInput, RuleProblem } from './model';

/** How long a person pauses, in milliseconds. */
const PAUSE_MS = 200;

export class Checked {
  problems: RuleProblem[] = $state.raw([]);
  /** What is written has not been checked yet. */
  pending = $state(false);
  readonly #backend: Pick<Backend, 'checkRules'>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(backend: Pick<Backend, 'checkRules'>) {
    this.#backend = backend;
  }

  /** Has these settings checked soon. */
  check(input: BridgeInput): void {
    this.pending = true;
    clearTimeout(this.#timer);
    const number = ++this.#asked;
    this.#timer = setTimeout(() => void this.#ask(input, number), PAUSE_MS);
  }

  /** Has these settings checked now, for whoever does not pause before they are saved. */
  async checkNow(input: BridgeInput): Promise<void> {
    this.stop();
    await this.#ask(input, this.#asked);
  }

  /** Nothing more is asked. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asked++;
  }

  /** What is wrong at a field, or within it, as in `forwards[2]` or `forwards[2].to`. */
  at(field: string): RuleProblem | undefined {
    return this.problems.find((problem) => problem.field === field || problem.field.startsWith(`${field}.`));
  }

  async #ask(input: BridgeInput, number: number): Promise<void> {
    try {
      const problems = await this.#backend.checkRules(input);
      if (number !== this.#asked) return;
      this.problems = problems;
    } catch {
      // Whoever saves is told; until then nothing is known to be wrong.
      if (number === this.#asked) this.problems = [];
    }
    this.pending = false;
  }
}
