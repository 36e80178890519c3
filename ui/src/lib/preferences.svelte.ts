/** How the person wants the app. The app keeps it; here it is shown, and language and theme follow it at once. */
import { locale } from '../i18n/index.svelte';
import { appearance } from './appearance.svelte';
import { BackendError, type Backend } from './backend';
import type { Preferences, PreferencesView } from './model';

export class PreferencesStore {
  view: PreferencesView | null = $state.raw(null);
  /** Why the last change was not kept. */
  error: BackendError | null = $state.raw(null);
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get current(): Preferences | null {
    return this.view?.preferences ?? null;
  }

  /** Reads the preferences and follows them. */
  async open(): Promise<void> {
    this.view = await this.#backend.preferences(navigator.languages);
    this.#follow();
  }

  /** Changes what is given, and shows what the app made of it. */
  async change(wanted: Partial<Preferences>): Promise<void> {
    if (!this.view) return;
    this.error = null;
    try {
      const preferences = await this.#backend.savePreferences({ ...this.view.preferences, ...wanted });
      this.view = { ...this.view, preferences };
      this.#follow();
    } catch (thrown) {
      this.error = BackendError.of(thrown);
    }
  }

  #follow(): void {
    if (!this.view) return;
    const { language, theme } = this.view.preferences;
    locale.choose(language === 'system' ? null : language);
    appearance.choose(theme);
  }
}
