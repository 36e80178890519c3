/** The app itself: preferences, log, settings that are taken along, and what is on this machine. */
import { commands } from '../generated/bindings';
import type {
  About,
  ImportChoice,
  Imported,
  ImportPreview,
  LocalFinds,
  LogLevel,
  LogLine,
  NodeLogin,
  Preferences,
  PreferencesView,
} from '../model';
import { unpack } from './error';

export interface DesktopBackend {
  /** `languages`: those that the web view says the person wants, the best first. */
  preferences(languages: readonly string[]): Promise<PreferencesView>;
  savePreferences(preferences: Preferences): Promise<Preferences>;
  /** The log's lines after a number, from a level up. */
  logLines(after: number | null, least: LogLevel): Promise<LogLine[]>;
  report(): Promise<string>;
  about(): Promise<About>;
  /** Where an export would go unless the person says otherwise. */
  exportPath(): Promise<string>;
  /** Lets the person choose; null when they change their mind. */
  chooseExportPath(suggested: string): Promise<string | null>;
  exportSettings(path: string, passphrase: string | null, replace: boolean): Promise<void>;
  previewImport(text: string, passphrase: string | null): Promise<ImportPreview>;
  importSettings(text: string, passphrase: string | null, choice: ImportChoice): Promise<Imported>;
  /** Looks for a Twister node and for brokers on this machine. Reads no files. */
  findLocal(): Promise<LocalFinds>;
  /** Reads the login from the node's settings file; the password stays in the app. */
  readNodeFile(): Promise<NodeLogin>;
}

export const desktop: DesktopBackend = {
  preferences: (languages) => unpack(commands.preferences([...languages])),
  savePreferences: (preferences) => unpack(commands.savePreferences(preferences)),
  logLines: (after, least) => unpack(commands.logLines(after, least)),
  report: () => unpack(commands.report()),
  about: () => unpack(commands.about()),
  exportPath: () => unpack(commands.exportPath()),
  chooseExportPath: (suggested) => unpack(commands.chooseExportPath(suggested)),
  exportSettings: async (path, passphrase, replace) =>
    void (await unpack(commands.exportSettings(path, passphrase, replace))),
  previewImport: (text, passphrase) => unpack(commands.previewImport(text, passphrase)),
  importSettings: (text, passphrase, choice) => unpack(commands.importSettings(text, passphrase, choice)),
  findLocal: () => unpack(commands.findLocal()),
  readNodeFile: () => unpack(commands.readNodeFile()),
};
