/** Which page is shown, kept in the address so that the web view's own back and forward work. */
import type { BridgeId } from './model';

export type Tab = 'messages' | 'rules' | 'settings';

export type Route =
  { page: 'start' } | { page: 'try' } | { page: 'connect' } | { page: 'bridge'; id: BridgeId; tab: Tab };

const TABS: readonly Tab[] = ['messages', 'rules', 'settings'];

/** The address of a page, for a link. */
export function href(route: Route): string {
  switch (route.page) {
    case 'start':
      return '#/';
    case 'try':
      return '#/try';
    case 'connect':
      return '#/connect';
    case 'bridge':
      return `#/bridge/${encodeURIComponent(route.id)}/${route.tab}`;
  }
}

/** The page at an address; the first page when there is none. */
export function parse(hash: string): Route {
  const [, page, id, tab] = hash.split('/');
  if (page === 'try') return { page: 'try' };
  if (page === 'connect') return { page: 'connect' };
  if (page === 'bridge' && id) {
    return {
      page: 'bridge',
      id: decodeURIComponent(id),
      tab: TABS.find((known) => known === tab) ?? 'messages',
    };
  }
  return { page: 'start' };
}

class Router {
  current: Route = $state.raw(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.current = parse(location.hash)));
  }

  go(route: Route): void {
    location.hash = href(route);
    this.current = route;
  }
}

export const router = new Router();
