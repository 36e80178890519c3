/**
 * The only file that talks to the app. Everything else takes a `Backend`, so that a test can be one.
 */
import { commands, events } from './generated/bindings';
import type {
  BridgeId,
  BridgeInput,
  BridgeNews,
  BrokerInput,
  BrokerReport,
  BuiltinBrokerView,
  CommandError,
  ErrorCode,
  MessageInput,
  NewAccount,
  NodeInput,
  NodeReport,
  Overview,
  Recent,
  Saved,
} from './model';

/** What the app can be asked for. Each call rejects with a {@link BackendError}. */
export interface Backend {
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

/** An error of the app: a code to decide on, words to read, and the form field that they belong to. */
export class BackendError extends Error {
  readonly code: ErrorCode | 'unexpected';
  readonly field: string | null;

  constructor({ code, message, field }: CommandError | { code: 'unexpected'; message: string; field: null }) {
    super(message);
    this.code = code;
    this.field = field;
  }

  /** Whatever was thrown, as an error of the app. */
  static of(thrown: unknown): BackendError {
    if (thrown instanceof BackendError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new BackendError({ code: 'unexpected', message, field: null });
  }
}

/** The app behind this window. */
export const app: Backend = {
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

type Outcome<T> = { status: 'ok'; data: T } | { status: 'error'; error: CommandError };

async function unpack<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await call;
  } catch (thrown) {
    throw BackendError.of(thrown);
  }
  if (outcome.status === 'ok') return outcome.data;
  // A refusal by the window system itself arrives as a bare text.
  throw typeof outcome.error === 'object' ? new BackendError(outcome.error) : BackendError.of(outcome.error);
}
