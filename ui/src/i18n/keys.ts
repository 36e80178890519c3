/** The names of all texts, known to the compiler: a text that does not exist is a type error. A new page adds its file here. */
import type account from './en/account.json';
import type codes from './en/codes.json';
import type common from './en/common.json';
import type connecting from './en/connecting.json';
import type desktop from './en/desktop.json';
import type first_run from './en/first_run.json';
import type frame from './en/frame.json';
import type messages from './en/messages.json';
import type network from './en/network.json';
import type overview from './en/overview.json';
import type palette from './en/palette.json';
import type people from './en/people.json';
import type log from './en/log.json';
import type publish from './en/publish.json';
import type settings from './en/settings.json';
import type states from './en/states.json';
import type transfer from './en/transfer.json';
import type tryout from './en/tryout.json';

interface Catalogue {
  account: typeof account;
  codes: typeof codes;
  common: typeof common;
  connecting: typeof connecting;
  desktop: typeof desktop;
  first_run: typeof first_run;
  frame: typeof frame;
  messages: typeof messages;
  network: typeof network;
  overview: typeof overview;
  palette: typeof palette;
  people: typeof people;
  log: typeof log;
  publish: typeof publish;
  settings: typeof settings;
  states: typeof states;
  transfer: typeof transfer;
  tryout: typeof tryout;
}

export type MessageKey = {
  [Page in keyof Catalogue]: `${Page}.${keyof Catalogue[Page] & string}`;
}[keyof Catalogue];
