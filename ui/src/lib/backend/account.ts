/** Accounts: registering them, their keys, their profiles, and the posts that they have left. */
import { commands } from '../generated/bindings';
import type { BridgeId, NodeInput, Profile, QuotaHistory, RegistrationView } from '../model';
import { unpack } from './error';

export interface AccountBackend {
  registration(node: NodeInput, name: string): Promise<RegistrationView>;
  /** The secret key of an account, to be shown once. */
  secretKey(node: NodeInput, name: string): Promise<string>;
  importKey(node: NodeInput, name: string, key: string): Promise<void>;
  profile(node: NodeInput, name: string): Promise<Profile>;
  /** Changes some fields, null removes one; the others stay as they are. */
  changeProfile(node: NodeInput, name: string, changes: Record<string, string | null>): Promise<void>;
  quota(id: BridgeId): Promise<QuotaHistory>;
}

export const account: AccountBackend = {
  registration: (node, name) => unpack(commands.registration(node, name)),
  secretKey: async (node, name) => (await unpack(commands.secretKey(node, name))).secret,
  importKey: async (node, name, key) => void (await unpack(commands.importKey(node, { name, key }))),
  profile: (node, name) => unpack(commands.profile(node, name)),
  changeProfile: async (node, name, changes) =>
    void (await unpack(commands.changeProfile(node, name, changes))),
  quota: (id) => unpack(commands.quota(id)),
};
