/** The messages that cross, as the app keeps them; recording them; and what the composer remembers. */
import { commands } from '../generated/bindings';
import type {
  BridgeId,
  Exported,
  ExportFormat,
  HistoryState,
  MessageDetail,
  MessagePage,
  MessageQuery,
  MessageSettings,
  RecordingState,
  Remembered,
  RowRange,
  SavedMessage,
  Series,
  TopicPage,
} from '../model';
import { unpack } from './error';

export interface MessagesBackend {
  /** A piece of the list of messages that the query lets through, newest first. */
  messages(query: MessageQuery, range: RowRange): Promise<MessagePage>;
  /** All that is known of a message; null if it went. */
  message(key: number): Promise<MessageDetail | null>;
  /** The number at a JSON pointer (empty for the whole payload) in all messages of the topic of `key`. */
  messageSeries(key: number, pointer: string): Promise<Series>;
  /** Rows of the topic tree, with what is below the places in `open`. */
  messageTopics(bridge: BridgeId | null, open: string[], range: RowRange): Promise<TopicPage>;
  messageHistory(): Promise<HistoryState>;
  clearMessages(): Promise<void>;
  messageSettings(): Promise<MessageSettings>;
  setMessageSettings(settings: MessageSettings): Promise<void>;
  recording(): Promise<RecordingState>;
  startRecording(): Promise<RecordingState>;
  stopRecording(): Promise<RecordingState>;
  /** Asks for a file and writes the messages to it; null if none was chosen. */
  exportMessages(query: MessageQuery, upto: number | null, format: ExportFormat): Promise<Exported | null>;
  composer(): Promise<Remembered>;
  saveMessage(saved: SavedMessage): Promise<Remembered>;
  removeSavedMessage(name: string): Promise<Remembered>;
  forgetPublished(): Promise<Remembered>;
}

export const messages: MessagesBackend = {
  messages: (query, range) => unpack(commands.messages(query, range)),
  message: (key) => unpack(commands.message(key)),
  messageSeries: (key, pointer) => unpack(commands.messageSeries(key, pointer)),
  messageTopics: (bridge, open, range) => unpack(commands.messageTopics(bridge, open, range)),
  messageHistory: () => unpack(commands.messageHistory()),
  clearMessages: async () => void (await unpack(commands.clearMessages())),
  messageSettings: () => unpack(commands.messageSettings()),
  setMessageSettings: async (settings) => void (await unpack(commands.setMessageSettings(settings))),
  recording: () => unpack(commands.recording()),
  startRecording: () => unpack(commands.startRecording()),
  stopRecording: () => unpack(commands.stopRecording()),
  exportMessages: (query, upto, format) => unpack(commands.exportMessages(query, upto, format)),
  composer: () => unpack(commands.composer()),
  saveMessage: (saved) => unpack(commands.saveMessage(saved)),
  removeSavedMessage: (name) => unpack(commands.removeSavedMessage(name)),
  forgetPublished: () => unpack(commands.forgetPublished()),
};
