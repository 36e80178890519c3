/** Which page is shown, kept in the address so that the web view's own back and forward work. */
import type { BridgeId } from './model';

/** The pages of one bridge, in the order in which they are offered. */
export const TABS = [
  'messages',
  'rules',
  'queue',
  'retained',
  'people',
  'account',
  'network',
  'settings',
] as const;

export type Tab = (typeof TABS)[number];

/** The pages that belong to no bridge. */
export const PAGES = [
  'overview',
  'messages',
  'publish',
  'nodes',
  'welcome',
  'try',
  'connect',
  'settings',
  'log',
] as const;

export type Page = (typeof PAGES)[number];

export type Route = { page: Page } | { page: 'bridge'; id: BridgeId; tab: Tab };

/** The address of a page, for a link. */
export function href(route: Route): string {
  return route.page === 'bridge'
    ? `#/bridge/${encodeURIComponent(route.id)}/${route.tab}`
    : `#/${route.page}`;
}

/** The page at an address; the overview when there is none. */
export function parse(hash: string): Route {
  const [, page, id, tab] = hash.split('/');
  if (page === 'bridge' && id) {
    const known = TABS.find((one) => one === tab) ?? 'messages';
    return { page: 'bridge', id: decodeURIComponent(id), tab: known };
  }
  return { page: PAGES.find((one) => one === page) ?? 'overview' };
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
