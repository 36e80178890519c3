/** People: whom a bridge follows and sends to, what of theirs was refused, and inviting them. */
import { commands, events } from '../generated/bindings';
import type {
  AcceptedInvitation,
  Approval,
  BridgeId,
  InvitationInput,
  MadeInvitation,
  OpenedInvitation,
  Person,
  ReadInvitation,
  RefusedMessage,
} from '../model';
import { unpack } from './error';

export interface PeopleBackend {
  people(id: BridgeId): Promise<Person[]>;
  /** Registered names that begin with a text. */
  searchNames(id: BridgeId, prefix: string): Promise<string[]>;
  quarantine(id: BridgeId): Promise<RefusedMessage[]>;
  clearQuarantine(id: BridgeId): Promise<void>;
  makeInvitation(id: BridgeId, invitation: InvitationInput): Promise<MadeInvitation>;
  /** Reads an invitation; nothing else is done. */
  readInvitation(id: BridgeId, text: string): Promise<ReadInvitation>;
  acceptInvitation(id: BridgeId, text: string, approval: Approval): Promise<AcceptedInvitation>;
  /** The invitation that was opened last, a file or a link; each is given out once. */
  openedInvitation(): Promise<OpenedInvitation | null>;
  /** Asks for a file and writes an invitation to it; null if none was chosen, else where it is. */
  saveInvitation(text: string): Promise<string | null>;
  /** Calls `listener` whenever an invitation was opened, until the returned function is called. */
  onInvitationOpened(listener: () => void): Promise<() => void>;
}

export const people: PeopleBackend = {
  people: (id) => unpack(commands.people(id)),
  searchNames: (id, prefix) => unpack(commands.searchNames(id, prefix)),
  quarantine: (id) => unpack(commands.quarantine(id)),
  clearQuarantine: async (id) => void (await unpack(commands.clearQuarantine(id))),
  makeInvitation: (id, invitation) => unpack(commands.makeInvitation(id, invitation)),
  readInvitation: (id, text) => unpack(commands.readInvitation(id, text)),
  acceptInvitation: (id, text, approval) => unpack(commands.acceptInvitation(id, text, approval)),
  openedInvitation: () => unpack(commands.openedInvitation()),
  saveInvitation: (text) => unpack(commands.saveInvitation(text)),
  onInvitationOpened: (listener) => events.invitationOpenedEvent.listen(() => listener()),
};
