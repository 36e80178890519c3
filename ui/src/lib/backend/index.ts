/**
 * The only folder that talks to the app, one file for each part of the window. Everything else takes a `Backend`, so that a
 * test can be one.
 */
import { bridges, type BridgesBackend } from './bridges';
import { rules, type RulesBackend } from './rules';
import { messages, type MessagesBackend } from './messages';

export { BackendError } from './error';

/** What the app can be asked for. Each call rejects with a `BackendError`. */
export type Backend = BridgesBackend & MessagesBackend & RulesBackend;

/** The app behind this window. */
export const app: Backend = { ...bridges, ...messages, ...rules };
