/** What is wrong with a bridge and which button mends it. */
import { title } from './codes';
import type { BridgeView, ErrorCode, Overview } from './model';
import type { Route } from './route.svelte';
import { troubles } from './states';

export interface Remedy {
  bridge: BridgeView;
  title: string;
  /** The app's own words: what, why, and what to do. */
  message: string;
  action: 'fix_password' | 'fix_settings' | 'open';
  target: Route;
}

/** What is cured by entering a password. */
export const PASSWORD_CODES: readonly ErrorCode[] = [
  'password_missing',
  'keyring_unavailable',
  'node_credentials',
  'broker_credentials',
];

/** What is cured by changing the settings, if not by patience. */
const SETTINGS_CODES: readonly ErrorCode[] = [
  'invalid_settings',
  'broker_unreachable',
  'broker_refused',
  'broker_certificate',
  'broker_client_certificate',
  'broker_files',
  'node_unreachable',
  'node_certificate',
  'not_a_node',
  'account_not_in_wallet',
];

/** The one thing to mend first, over all bridges: one that does not start before one that is interrupted. */
export function firstRemedy(overview: Overview): Remedy | null {
  const { bridges } = overview;
  const unstarted = bridges.flatMap((bridge) =>
    bridge.start_error && bridge.state.phase === 'stopped'
      ? [remedy(bridge, bridge.start_error.code, bridge.start_error.message)]
      : [],
  );
  const interrupted = bridges.flatMap((bridge) =>
    troubles(bridge.state).map(({ problem }) => remedy(bridge, problem.code, problem.message)),
  );
  return [...unstarted, ...interrupted][0] ?? null;
}

function remedy(bridge: BridgeView, code: ErrorCode, message: string): Remedy {
  const action = PASSWORD_CODES.includes(code)
    ? 'fix_password'
    : SETTINGS_CODES.includes(code)
      ? 'fix_settings'
      : 'open';
  const tab = action === 'open' ? 'messages' : 'settings';
  return { bridge, title: title(code), message, action, target: { page: 'bridge', id: bridge.id, tab } };
}
