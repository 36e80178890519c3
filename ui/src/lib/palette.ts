/** What the command palette offers: every page, and what can be done from anywhere. */
import { t } from '../i18n/index.svelte';
import { appearance, type Theme } from './appearance.svelte';
import { PAGES, router, TABS, type Route } from './route.svelte';
import type { Session } from './session.svelte';

export interface Entry {
  /** Tells entries apart. */
  id: string;
  label: string;
  run: () => void;
}

const THEMES: readonly Theme[] = ['system', 'light', 'dark', 'contrast'];

/** The pages that can be gone to now. */
export function pageEntries(session: Session): Entry[] {
  const open = (id: string, label: string, route: Route): Entry => ({
    id,
    label,
    run: () => router.go(route),
  });
  const pages = PAGES.filter((page) => page !== 'try' || session.overview?.tryout.phase !== 'absent');
  return [
    ...pages.map((page) => open(page, t(`frame.page_${page}`), { page })),
    ...session.bridges.flatMap(({ id, config }) =>
      TABS.map((tab) =>
        open(`${id} ${tab}`, t('palette.page_of', { name: config.name, page: t(`frame.tab_${tab}`) }), {
          page: 'bridge',
          id,
          tab,
        }),
      ),
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
    run: () => appearance.choose(theme),
  }));
  return [...bridges, ...themes];
}
