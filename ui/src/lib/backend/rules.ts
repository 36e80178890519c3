/** Rules while they are written, what waits in the queue, and what is retained here and there. */
import { commands } from '../generated/bindings';
import type {
  BridgeId,
  BridgeInput,
  GivenInput,
  IncomingView,
  QueueAction,
  QueueChangeView,
  QueueCounts,
  QueuePageView,
  QueuePart,
  QueueSelection,
  QueueView,
  RehearsalInput,
  RehearsalView,
  ReplayView,
  RetainedView,
  RuleProblem,
  TopicView,
} from '../model';
import { unpack } from './error';

export interface RulesBackend {
  /** Everything that is wrong with settings that are not saved yet. */
  checkRules(bridge: BridgeInput): Promise<RuleProblem[]>;
  rehearse(input: RehearsalInput): Promise<RehearsalView>;
  rehearseIncoming(input: RehearsalInput): Promise<IncomingView>;
  /** What the settings would have made of the messages that the bridge has seen lately. */
  replay(bridge: BridgeInput): Promise<ReplayView>;
  /** Topics at the local broker; takes a second or more. */
  suggestTopics(id: BridgeId): Promise<TopicView[]>;
  queue(id: BridgeId): Promise<QueueView[]>;
  queuePage(id: BridgeId, part: QueuePart): Promise<QueuePageView>;
  countQueue(id: BridgeId, selection: QueueSelection): Promise<QueueCounts>;
  changeQueue(id: BridgeId, action: QueueAction, selection: QueueSelection): Promise<QueueChangeView>;
  /** Retained messages here and there; takes a second or more. */
  retained(id: BridgeId): Promise<RetainedView[]>;
  /** Clears topics of the local broker, and what receivers were given otherwise. */
  clearRetained(id: BridgeId, topics: string[], given: GivenInput[]): Promise<void>;
}

export const rules: RulesBackend = {
  checkRules: (bridge) => unpack(commands.checkRules(bridge)),
  rehearse: (input) => unpack(commands.rehearse(input)),
  rehearseIncoming: (input) => unpack(commands.rehearseIncoming(input)),
  replay: (bridge) => unpack(commands.replay(bridge)),
  suggestTopics: (id) => unpack(commands.suggestTopics(id)),
  queue: (id) => unpack(commands.queue(id)),
  queuePage: (id, part) => unpack(commands.queuePage(id, part)),
  countQueue: (id, selection) => unpack(commands.countQueue(id, selection)),
  changeQueue: (id, action, selection) => unpack(commands.changeQueue(id, action, selection)),
  retained: (id) => unpack(commands.retained(id)),
  clearRetained: async (id, topics, given) => void (await unpack(commands.clearRetained(id, topics, given))),
};
