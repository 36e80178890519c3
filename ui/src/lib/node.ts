/** The node of a bridge, as the app takes it: the password that it knows stays with it. */
import type { BridgeView, NodeInput } from './model';

export function nodeOf({ id, config }: Pick<BridgeView, 'id' | 'config'>): NodeInput {
  return { url: config.twister.url, user: config.twister.user ?? '', password: null, bridge: id };
}
