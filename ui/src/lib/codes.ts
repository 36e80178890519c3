/**
 * Every error code of the app in a few words. The app's own message gives the particulars and says what to do; nothing here
 * or elsewhere looks into it.
 */
import type { ErrorCode } from './model';

const TITLES: Record<ErrorCode | 'unexpected', string> = {
  broker_unreachable: 'The broker does not answer',
  broker_credentials: 'The broker refuses the login',
  broker_refused: 'The broker refuses the connection',
  broker_certificate: 'The broker’s certificate is not trusted',
  broker_client_certificate: 'The broker does not accept the bridge’s certificate',
  broker_files: 'A file for the broker cannot be used',
  node_unreachable: 'The Twister node does not answer',
  node_credentials: 'The node refuses the login',
  node_timeout: 'The node is too slow to answer',
  not_a_node: 'This is not a Twister node',
  node_refused: 'The node refused a request',
  node_syncing: 'The node is catching up',
  no_peers: 'The node is alone',
  account_not_in_wallet: 'The account is not in this node’s wallet',
  account_not_registered: 'The account is not registered yet',
  peer_not_registered: 'A followed account is not registered',
  quota_exhausted: 'No posts left for now',
  payload_too_large: 'A message is too large',
  message_refused: 'A message was turned away',
  profile_unreadable: 'The profile could not be read',
  storage_failed: 'The bridge’s database cannot be written',
  invalid_settings: 'Something in the settings is not right',
  unknown_bridge: 'This bridge is gone',
  bridge_in_use: 'Another program runs this bridge',
  start_failed: 'The bridge could not be started',
  password_missing: 'A password is missing',
  keyring_unavailable: 'The system’s keyring cannot be used',
  settings_unreadable: 'The settings file cannot be read',
  settings_unwritable: 'The settings could not be saved',
  builtin_broker_failed: 'The built-in broker could not be started',
  tryout_failed: 'The sandbox network could not be started',
  unexpected: 'Something unexpected happened',
};

/** The code in words. */
export function title(code: ErrorCode | 'unexpected'): string {
  return TITLES[code];
}

/** The message as a sentence: errors begin in lower case and have no full stop, so that they can be put together. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === '') return '';
  const first = /^[a-z]+:\/\//.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return first + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
