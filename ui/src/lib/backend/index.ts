/**
 * The only folder that talks to the app, one file for each part of the window. Everything else takes a `Backend`, so that a
 * test can be one.
 */
import { account, type AccountBackend } from './account';
import { bridges, type BridgesBackend } from './bridges';
import { network, type NetworkBackend } from './network';
import { nodes, type NodesBackend } from './nodes';
import { people, type PeopleBackend } from './people';
import { rules, type RulesBackend } from './rules';
import { messages, type MessagesBackend } from './messages';
import { desktop, type DesktopBackend } from './desktop';

export { BackendError } from './error';

/** What the app can be asked for. Each call rejects with a `BackendError`. */
export type Backend = BridgesBackend &
  MessagesBackend &
  RulesBackend &
  AccountBackend &
  PeopleBackend &
  NetworkBackend &
  NodesBackend &
  DesktopBackend;

/** The app behind this window. */
export const app: Backend = {
  ...bridges,
  ...messages,
  ...rules,
  ...account,
  ...people,
  ...network,
  ...nodes,
  ...desktop,
};
