/** The keys that lead somewhere from anywhere. The palette shows them beside what they do. */
import { router } from './route.svelte';
import type { Session } from './session.svelte';

/** Whether the key goes with Ctrl, or with ⌘ on a Mac. */
export function withCommand(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
}

/** The keys that open the palette, and bridge number `index` (from 0) with its first page. */
export const PALETTE_KEY = 'k';
export const OVERVIEW_KEY = '0';
export const bridgeKey = (index: number): string | null => (index < 9 ? String(index + 1) : null);

/** How a key is written for people. */
export function written(key: string): string {
  const mac = navigator.userAgent.includes('Mac OS');
  return mac ? `⌘${key.toUpperCase()}` : `Ctrl+${key.toUpperCase()}`;
}

/** Goes where the key leads. Whether it leads anywhere. */
export function follow(event: KeyboardEvent, session: Session): boolean {
  if (!withCommand(event)) return false;
  if (event.key === OVERVIEW_KEY) {
    router.go({ page: 'overview' });
    return true;
  }
  const bridge = session.bridges.find((_, index) => bridgeKey(index) === event.key);
  if (!bridge) return false;
  const { current } = router;
  router.go({ page: 'bridge', id: bridge.id, tab: current.page === 'bridge' ? current.tab : 'messages' });
  return true;
}
