/** How the window looks: the theme that was chosen, or the system's. The colours themselves are in `styles/tokens.css`. */
export type Theme = 'system' | 'light' | 'dark' | 'contrast';

class Appearance {
  theme: Theme = $state('system');

  /** Shows everything in this theme at once. */
  choose(theme: Theme): void {
    this.theme = theme;
    this.#apply();
  }

  /** Follows the system from now on, as far as the chosen theme leaves it to it. */
  follow(): () => void {
    const more = matchMedia('(prefers-contrast: more)');
    const changed = () => this.#apply();
    more.addEventListener('change', changed);
    this.#apply();
    return () => more.removeEventListener('change', changed);
  }

  #apply(): void {
    const { dataset } = document.documentElement;
    const contrast =
      this.theme === 'contrast' ||
      (this.theme === 'system' && matchMedia('(prefers-contrast: more)').matches);
    dataset.scheme = this.theme === 'light' || this.theme === 'dark' ? this.theme : 'system';
    dataset.contrast = contrast ? 'more' : 'normal';
  }
}

export const appearance = new Appearance();
