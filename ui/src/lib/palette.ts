/** What the command palette offers: every page, and what can be done from anywhere. */
import { t } from '../i18n/index.svelte';
import type { Theme } from './appearance.svelte';
import { PAGES, router, TABS, type Route } from './route.svelte';
import type { Session } from './session.svelte';
import { bridgeKey, OVERVIEW_KEY, written } from './shortcuts';

export interface Entry {
  /** Tells entries apart. */
  id: string;
  label: string;
  /** The keys that do the same. */
  keys?: string;
  run: () => void;
}

const THEMES: readonly Theme[] = ['system', 'light', 'dark', 'contrast'];

/** The pages that can be gone to now. */
export function pageEntries(session: Session): Entry[] {
  const open = (id: string, label: string, route: Route, key: string | null = null): Entry => ({
    id,
    label,
    run: () => router.go(route),
    ...(key ? { keys: written(key) } : {}),
  });
  const pages = PAGES.filter((page) => page !== 'try' || session.overview?.tryout.phase !== 'absent');
  return [
    ...pages.map((page) =>
      open(page, t(`frame.page_${page}`), { page }, page === 'overview' ? OVERVIEW_KEY : null),
    ),
    ...session.bridges.flatMap(({ id, config }, index) =>
      TABS.map((tab) => {
        const label = t('palette.page_of', { name: config.name, page: t(`frame.tab_${tab}`) });
        const key = tab === TABS[0] ? bridgeKey(index) : null;
        return open(`${id} ${tab}`, label, { page: 'bridge', id, tab }, key);
      }),
    ),
  ];
}

/** What can be done now. */
export function actionEntries(session: Session): Entry[] {
  const bridges = session.bridges.flatMap(({ id, config: { name }, state }): Entry[] => {
    if (state.phase === 'stopped')
      return [{ id: `start ${id}`, label: t('palette.start', { name }), run: () => void session.start(id) }];
    return [{ id: `stop ${id}`, label: t('palette.stop', { name }), run: () => void session.stop(id) }];
  });
  const themes = THEMES.map((theme): Entry => ({
    id: `theme ${theme}`,
    label: t(`palette.theme_${theme}`),
    run: () => void session.preferences.change({ theme }),
  }));
  return [...bridges, ...themes];
}
