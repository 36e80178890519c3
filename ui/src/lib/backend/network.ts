/** How the node and the network of a bridge are. */
import { commands } from '../generated/bindings';
import type { BridgeId, NetworkReport } from '../model';
import { unpack } from './error';

export interface NetworkBackend {
  network(id: BridgeId): Promise<NetworkReport>;
}

export const network: NetworkBackend = {
  network: (id) => unpack(commands.network(id)),
};
