/** The nodes that the app runs. */
import { commands } from '../generated/bindings';
import type { InvitedTo, LogTail, NewNode, OwnNode, OwnNodes } from '../model';
import { unpack } from './error';

export interface NodesBackend {
  /** The nodes that the app runs, or could, and how each is. */
  ownNodes(): Promise<OwnNodes>;
  /** Makes a node for a network and starts it. */
  addNode(node: NewNode): Promise<OwnNode>;
  startNode(id: string): Promise<void>;
  stopNode(id: string): Promise<void>;
  /** Stops a node and removes all that it has, the keys in its wallet, too. */
  leaveNode(id: string): Promise<void>;
  nodeLog(id: string): Promise<LogTail>;
  /** Gives a node another program; null means the one that is found. */
  setNodeProgram(id: string, program: string | null): Promise<void>;
  /** Lets the person choose the program; null when they change their mind. */
  chooseProgram(): Promise<string | null>;
  /** Which private network an invitation leads to. */
  invitedTo(text: string): Promise<InvitedTo>;
  /** The fingerprint of the certificate that answers at a node's address. */
  nodeCertificate(url: string): Promise<string>;
}

export const nodes: NodesBackend = {
  ownNodes: () => unpack(commands.ownNodes()),
  addNode: (node) => unpack(commands.addNode(node)),
  startNode: async (id) => void (await unpack(commands.startNode(id))),
  stopNode: async (id) => void (await unpack(commands.stopNode(id))),
  leaveNode: async (id) => void (await unpack(commands.leaveNode(id))),
  nodeLog: (id) => unpack(commands.nodeLog(id)),
  setNodeProgram: async (id, program) => void (await unpack(commands.setNodeProgram(id, program))),
  chooseProgram: () => unpack(commands.chooseProgram()),
  invitedTo: (text) => unpack(commands.invitedTo(text)),
  nodeCertificate: (url) => unpack(commands.nodeCertificate(url)),
};
