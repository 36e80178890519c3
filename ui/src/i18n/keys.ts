/** The names of all texts, known to the compiler: a text that does not exist is a type error. A new page adds its file here. */
import type account from './en/account.json';
import type bridge_settings from './en/bridge_settings.json';
import type codes from './en/codes.json';
import type common from './en/common.json';
import type counters from './en/counters.json';
import type connecting from './en/connecting.json';
import type desktop from './en/desktop.json';
import type fields from './en/fields.json';
import type first_run from './en/first_run.json';
import type frame from './en/frame.json';
import type messages from './en/messages.json';
import type network from './en/network.json';
import type nodes from './en/nodes.json';
import type overview from './en/overview.json';
import type palette from './en/palette.json';
import type people from './en/people.json';
import type log from './en/log.json';
import type publish from './en/publish.json';
import type queue from './en/queue.json';
import type retained from './en/retained.json';
import type rules from './en/rules.json';
import type settings from './en/settings.json';
import type states from './en/states.json';
import type transfer from './en/transfer.json';
import type tryout from './en/tryout.json';

interface Catalogue {
  account: typeof account;
  bridge_settings: typeof bridge_settings;
  codes: typeof codes;
  common: typeof common;
  counters: typeof counters;
  connecting: typeof connecting;
  desktop: typeof desktop;
  fields: typeof fields;
  first_run: typeof first_run;
  frame: typeof frame;
  messages: typeof messages;
  network: typeof network;
  nodes: typeof nodes;
  overview: typeof overview;
  palette: typeof palette;
  people: typeof people;
  log: typeof log;
  publish: typeof publish;
  queue: typeof queue;
  retained: typeof retained;
  rules: typeof rules;
  settings: typeof settings;
  states: typeof states;
  transfer: typeof transfer;
  tryout: typeof tryout;
}

export type MessageKey = {
  [Page in keyof Catalogue]: `${Page}.${keyof Catalogue[Page] & string}`;
}[keyof Catalogue];
