/** A change under way to a bridge's settings: as they were, as they are in the form, and how saving went. */
import { BackendError } from './backend';
import {
  draftOf,
  fieldProblems,
  settingsInputOf,
  settingsProblems,
  type Draft,
  type FieldProblems,
} from './draft';
import type { BridgeId, BridgeView, CommandError } from './model';
import type { Session } from './session.svelte';

/** How long it is shown that something was saved. */
const SAVED_SHOWN_MS = 4000;

export class Edit {
  draft: Draft = $state() as Draft;
  busy = $state(false);
  /** Whether it was saved just now. */
  saved = $state(false);
  /** Why a password was not saved with the rest. */
  warning: CommandError | null = $state.raw(null);
  #before = $state('');
  /** What the app said, and to which draft: once that is changed, it may be right. */
  #refused: { error: BackendError; draft: string } | null = $state.raw(null);

  /** What the person is asked about before a draft is saved. */
  #doubted: { warnings: string[]; draft: string } | null = $state.raw(null);

  constructor(bridge: BridgeView) {
    this.#begin(draftOf(bridge));
  }

  // Getters, not derived values: an edit outlives the page on which it began, and derived values end with it.

  get changed(): boolean {
    return JSON.stringify(this.draft) !== this.#before;
  }

  get error(): BackendError | null {
    return this.#refused?.draft === JSON.stringify(this.draft) ? this.#refused.error : null;
  }

  /** What would be valid to save and is probably not meant; to save once more saves it all the same. */
  get warnings(): string[] {
    return this.#doubted?.draft === JSON.stringify(this.draft) ? this.#doubted.warnings : [];
  }

  get settingsProblems(): FieldProblems {
    return settingsProblems(this.draft);
  }

  /** Everything that is wrong, by field. */
  get problems(): FieldProblems {
    return { ...this.settingsProblems, ...fieldProblems(this.error) };
  }

  discard(): void {
    this.#begin(JSON.parse(this.#before) as Draft);
    this.saved = false;
    this.#refused = null;
    this.#doubted = null;
  }

  /**
   * Saves the draft as the bridge's settings. Gives the bridge's id from then on; null when it was refused, or when there
   * are warnings that the person has not seen.
   */
  async save(
    session: Pick<Session, 'backend' | 'refresh' | 'bridge'>,
    bridge: BridgeView,
  ): Promise<BridgeId | null> {
    const draft = $state.snapshot(this.draft);
    const seen = this.#doubted?.draft === JSON.stringify(draft);
    this.busy = true;
    this.saved = false;
    this.#refused = null;
    try {
      const input = settingsInputOf(draft, bridge);
      const warnings = seen ? [] : await session.backend.warnings(input);
      this.#doubted = warnings.length > 0 ? { warnings, draft: JSON.stringify(draft) } : null;
      if (warnings.length > 0) return null;
      const saved = await session.backend.saveBridge(input);
      this.warning = saved.password_warning;
      await session.refresh();
      const now = session.bridge(saved.id);
      if (now) this.#begin(draftOf(now));
      this.saved = true;
      setTimeout(() => (this.saved = false), SAVED_SHOWN_MS);
      return saved.id;
    } catch (thrown) {
      this.#refused = { error: BackendError.of(thrown), draft: JSON.stringify(draft) };
      return null;
    } finally {
      this.busy = false;
    }
  }

  #begin(draft: Draft): void {
    this.draft = draft;
    this.#before = JSON.stringify(draft);
  }
}
