/** The person's bridges, what they are made of, and "Try it". */
import { commands, events } from '../generated/bindings';
import type {
  BridgeId,
  BridgeInput,
  BridgeNews,
  BrokerInput,
  BrokerReport,
  BuiltinBrokerView,
  MessageInput,
  NewAccount,
  NodeInput,
  NodeReport,
  Overview,
  Recent,
  Saved,
} from '../model';
import { unpack } from './error';

export interface BridgesBackend {
  overview(): Promise<Overview>;
  checkNode(node: NodeInput): Promise<NodeReport>;
  createAccount(node: NodeInput, name: string): Promise<NewAccount>;
  checkBroker(broker: BrokerInput): Promise<BrokerReport>;
  useBuiltinBroker(): Promise<BuiltinBrokerView>;
  saveBridge(bridge: BridgeInput): Promise<Saved>;
  /** What would be valid to save and is probably not meant, in words. */
  warnings(bridge: BridgeInput): Promise<string[]>;
  removeBridge(id: BridgeId): Promise<void>;
  startBridge(id: BridgeId): Promise<void>;
  stopBridge(id: BridgeId): Promise<void>;
  publish(message: MessageInput): Promise<void>;
  recent(id: BridgeId): Promise<Recent>;
  openTryout(): Promise<void>;
  closeTryout(): Promise<void>;
  removeTryout(): Promise<void>;
  /** Calls `listener` with what happens in the bridges, until the returned function is called. */
  onNews(listener: (news: BridgeNews) => void): Promise<() => void>;
  /** Calls `listener` whenever the overview is to be read again, until the returned function is called. */
  onOverviewChanged(listener: () => void): Promise<() => void>;
}

export const bridges: BridgesBackend = {
  overview: () => unpack(commands.overview()),
  checkNode: (node) => unpack(commands.checkNode(node)),
  createAccount: (node, name) => unpack(commands.createAccount(node, name)),
  checkBroker: (broker) => unpack(commands.checkBroker(broker)),
  useBuiltinBroker: () => unpack(commands.useBuiltinBroker()),
  saveBridge: (bridge) => unpack(commands.saveBridge(bridge)),
  warnings: (bridge) => unpack(commands.warnings(bridge)),
  removeBridge: async (id) => void (await unpack(commands.removeBridge(id))),
  startBridge: async (id) => void (await unpack(commands.startBridge(id))),
  stopBridge: async (id) => void (await unpack(commands.stopBridge(id))),
  publish: async (message) => void (await unpack(commands.publish(message))),
  recent: (id) => unpack(commands.recent(id)),
  openTryout: async () => void (await unpack(commands.openTryout())),
  closeTryout: async () => void (await unpack(commands.closeTryout())),
  removeTryout: async () => void (await unpack(commands.removeTryout())),
  onNews: (listener) => events.bridgeNewsEvent.listen(({ payload }) => listener(payload)),
  onOverviewChanged: (listener) => events.overviewChangedEvent.listen(() => listener()),
};
