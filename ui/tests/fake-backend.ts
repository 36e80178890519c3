/** A backend for tests: it answers from memory and remembers what it was asked. */
import type { Backend } from '../src/lib/backend';
import type {
  BridgeConfig,
  BridgeInput,
  BridgeNews,
  BridgeView,
  Effect,
  GivenInput,
  ImportChoice,
  ImportPreview,
  IncomingView,
  LocalFinds,
  LogLine,
  MessageDetail,
  MessageInput,
  MessagePage,
  MessageQuery,
  NetworkReport,
  OpenedInvitation,
  InvitedTo,
  NewNode,
  OwnNode,
  OwnNodes,
  Overview,
  Person,
  Preferences,
  Profile,
  QueueAction,
  QueueCounts,
  QueueEntryView,
  QueueSelection,
  QueueView,
  QuotaHistory,
  ReadInvitation,
  Recent,
  RefusedMessage,
  RegistrationView,
  RehearsalView,
  RetainedView,
  RuleProblem,
  TopicView,
  RecordingState,
  Remembered,
  RowRange,
  SavedMessage,
  TopicRow,
} from '../src/lib/model';
import { aConfig, aBridge, aNode } from './samples';

export class FakeBackend implements Backend {
  state: Overview = {
    bridges: [],
    tryout: { phase: 'absent', bridges: [] },
    builtin_broker: null,
    settings_path: '/home/me/.local/share/net.mqtt-twister.app/config.toml',
    settings_problem: null,
  };
  saved: BridgeInput[] = [];
  /** What the app warns of before anything is saved. */
  doubts: string[] = [];
  published: MessageInput[] = [];
  /** When saved settings take effect. */
  effect: Effect = 'at_start';
  /** What the history has, and the queries that it was asked. */
  details: MessageDetail[] = [];
  topicRows: TopicRow[] = [];
  asked: MessageQuery[] = [];
  recordingOn = false;
  remembered: Remembered = { recent: [], saved: [] };
  started: string[] = [];
  stopped: string[] = [];
  removed: string[] = [];
  ruleProblems: RuleProblem[] = [];
  rehearsal: RehearsalView = { heard: true, sent: [], held_back: [] };
  topics: TopicView[] = [];
  waiting: QueueView[] = [];
  entries: QueueEntryView[] = [];
  counts: QueueCounts = { waiting: 0, held: 0, packed: 0, posted: 0, seen: 0 };
  queueChanges: { action: QueueAction; selection: QueueSelection }[] = [];
  kept: RetainedView[] = [];
  cleared: { topics: string[]; given: GivenInput[] }[] = [];
  /** What was opened outside of the window. */
  opened: OpenedInvitation | Error | null = null;
  /** The nodes that the app runs, and what became of them. */
  own: OwnNodes = { nodes: [], program: '/usr/bin/twisterd' };
  added: NewNode[] = [];
  left: string[] = [];
  invitedNetwork: InvitedTo['network'] = null;
  /** What the next call that can fail rejects with. */
  failure: Error | null = null;
  #news: ((news: BridgeNews) => void)[] = [];
  #changed: (() => void)[] = [];
  #invited: (() => void)[] = [];

  constructor(bridges: BridgeView[] = []) {
    this.state.bridges = bridges;
  }

  tell(news: Partial<BridgeNews>): void {
    const all = {
      id: 'home',
      state: null,
      messages: [],
      problems: [],
      skipped: 0,
      totals: { messages: 0, problems: 0 },
    };
    for (const listener of this.#news) listener({ ...all, ...news });
  }

  changed(): void {
    for (const listener of this.#changed) listener();
  }

  /** Opens an invitation while the window is there. */
  open(opened: OpenedInvitation | Error): void {
    this.opened = opened;
    for (const listener of this.#invited) listener();
  }

  overview = async () => structuredClone(this.state);

  checkNode = () =>
    this.#answer({
      version: '0.9.40',
      blocks: 268_113,
      connections: 8,
      newest_block_age_s: 300,
      accounts: [
        { name: 'carol', registered: true },
        { name: 'dave', registered: false },
      ],
    });

  createAccount = (_: unknown, name: string) => this.#answer({ name, secret: 'a-secret-key' });
  checkBroker = () => this.#answer({ max_qos: 2, retain: true });

  useBuiltinBroker = () => {
    this.state.builtin_broker = { url: 'mqtt://127.0.0.1:40000', running: true };
    return this.#answer(this.state.builtin_broker);
  };

  saveBridge = async (bridge: BridgeInput) => {
    this.saved.push(bridge);
    const config = bridge.config as BridgeConfig;
    await this.#answer(null);
    const others = this.state.bridges.filter(({ id }) => id !== bridge.replaces);
    this.state.bridges = [...others, aBridge({ id: config.name, config })];
    return { id: config.name, password_warning: null, effect: this.effect };
  };

  warnings = async () => this.doubts;

  removeBridge = async (id: string) => {
    await this.#answer(null);
    this.removed.push(id);
    this.state.bridges = this.state.bridges.filter((bridge) => bridge.id !== id);
  };

  startBridge = async (id: string) => {
    await this.#answer(null);
    this.started.push(id);
  };

  stopBridge = async (id: string) => {
    await this.#answer(null);
    this.stopped.push(id);
  };

  publish = async (message: MessageInput) => {
    await this.#answer(null);
    this.published.push(message);
    this.remembered = { ...this.remembered, recent: [message, ...this.remembered.recent] };
  };

  recent = async (): Promise<Recent> => ({
    messages: [],
    problems: [],
    totals: { messages: 0, problems: 0 },
  });

  checkRules = async () => this.ruleProblems;
  rehearse = async () => this.rehearsal;
  rehearseIncoming = async (): Promise<IncomingView> => ({ verdict: 'unwanted' });
  replay = async () => ({
    messages: 0,
    seconds: 0,
    unsent: 0,
    posts: 0,
    posts_a_day: null,
    rules: [],
  });
  suggestTopics = async () => this.topics;
  queue = async () => this.waiting;
  queuePage = async () => ({ entries: this.entries, more: false });
  countQueue = async () => this.counts;
  changeQueue = async (_: string, action: QueueAction, selection: QueueSelection) => {
    this.queueChanges.push({ action, selection });
    return this.#answer({ changed: 1, too_late: 0, posts: 0 });
  };
  retained = async () => this.kept;
  clearRetained = async (_: string, topics: string[], given: GivenInput[]) => {
    await this.#answer(null);
    this.cleared.push({ topics, given });
  };

  messages = async (query: MessageQuery, range: RowRange): Promise<MessagePage> => {
    this.asked.push(query);
    await this.#answer(null);
    const upto = range.upto ?? Infinity;
    const all = this.details
      .map(({ row }) => row)
      .filter(({ topic }) => topic.includes(query.topic.replace('#', '')));
    const rows = all.filter(({ key }) => key <= upto).sort((a, b) => b.key - a.key);
    return {
      rows: rows.slice(range.from, range.from + range.count),
      total: rows.length,
      newer: all.length - rows.length,
      newest: Math.max(0, ...all.map(({ key }) => key)),
    };
  };

  message = async (key: number) => this.details.find(({ row }) => row.key === key) ?? null;
  messageSeries = async () => ({ times_ms: [1000, 2000], values: [20, 21.5] });
  messageTopics = async () => ({ rows: this.topicRows, total: this.topicRows.length });
  messageHistory = async () => ({
    messages: this.details.length,
    topics: this.topicRows.length,
    bytes: 1000,
    budget: 64_000_000,
    forgotten: 0,
    missed: 0,
  });

  clearMessages = async () => void (this.details = []);
  messageSettings = async () => ({ history_mib: 32, recording_mib: 256 });
  setMessageSettings = () => this.#answer(undefined);
  recording = async (): Promise<RecordingState> => ({
    running: this.recordingOn,
    folder: '/home/me/recordings',
    bytes: 0,
    budget: 256_000_000,
    messages: 0,
    lost: 0,
    problem: null,
  });

  startRecording = async () => {
    await this.#answer(null);
    this.recordingOn = true;
    return this.recording();
  };

  stopRecording = async () => {
    this.recordingOn = false;
    return this.recording();
  };

  exportMessages = () => this.#answer({ messages: 2, path: '/home/me/messages.json' });
  composer = async () => this.remembered;
  saveMessage = async (saved: SavedMessage) => {
    await this.#answer(null);
    this.remembered = { ...this.remembered, saved: [...this.remembered.saved, saved] };
    return this.remembered;
  };

  removeSavedMessage = async (name: string) => {
    const saved = this.remembered.saved.filter((one) => one.name !== name);
    this.remembered = { ...this.remembered, saved };
    return this.remembered;
  };

  forgetPublished = async () => {
    this.remembered = { ...this.remembered, recent: [] };
    return this.remembered;
  };

  openTryout = async () => {
    await this.#answer(null);
    const bridge = (name: string) => aBridge({ id: `try/${name}`, config: aConfig({ name }) });
    this.state.tryout = { phase: 'open', bridges: [bridge('alice'), bridge('bob')] };
  };

  closeTryout = () => this.#answer(undefined);
  removeTryout = () => this.#answer(undefined);

  registration = (): Promise<RegistrationView> =>
    this.#answer({
      registration: {
        step: { is: 'confirmed', height: 100, confirmations: 12 },
        height: 111,
        block_age_s: 60,
        block_interval_s: 600,
        connections: 3,
      },
      sent_ms: null,
    });
  secretKey = () => this.#answer('a-secret-key');
  importKey = () => this.#answer(undefined);
  profile = (): Promise<Profile> => this.#answer({ found: false, fields: [] });
  changeProfile = () => this.#answer(undefined);
  quota = (): Promise<QuotaHistory> => this.#answer({ samples: [], forecast: null });
  people = (): Promise<Person[]> => this.#answer([]);
  searchNames = (): Promise<string[]> => this.#answer([]);
  quarantine = (): Promise<RefusedMessage[]> => this.#answer([]);
  clearQuarantine = () => this.#answer(undefined);
  makeInvitation = () => this.#answer({ text: 'mqtt-twister:1.abc', signed: true });
  readInvitation = (): Promise<ReadInvitation> =>
    this.#answer({
      from: 'mqtt_bob',
      authorship: 'proven',
      offers: ['doors/#'],
      wants: ['fridges/#'],
      per_minute: null,
      max_payload: null,
      note: '',
      made_ms: 0,
      is_answer: false,
      network: this.invitedNetwork,
      in_network: false,
      proposal: { follow: true, subscribe: ['doors/#'], forward: ['fridges/#'] },
    });
  openedInvitation = async () => {
    const { opened } = this;
    this.opened = null;
    if (opened instanceof Error) throw opened;
    return opened;
  };
  saveInvitation = () => this.#answer('/home/me/mqtt-twister.twister-invitation');
  acceptInvitation = () =>
    this.#answer({ saved: { id: 'home', password_warning: null, effect: this.effect }, answer: null });
  network = (): Promise<NetworkReport> =>
    this.#answer({
      node: 'http://127.0.0.1:28332/',
      findings: [],
      sync: null,
      measurement: {
        at_ms: 0,
        account: 'mqtt_alice',
        outcome: 'failed',
        error: { code: 'node_unreachable', message: 'gone' },
      },
    });
  ownNodes = async () => structuredClone(this.own);
  addNode = async (node: NewNode): Promise<OwnNode> => {
    await this.#answer(null);
    this.added.push(node);
    const made = aNode();
    this.own = { ...this.own, nodes: [...this.own.nodes, made] };
    return made;
  };
  startNode = () => this.#answer(undefined);
  stopNode = () => this.#answer(undefined);
  leaveNode = async (id: string) => {
    await this.#answer(null);
    this.left.push(id);
    this.own = { ...this.own, nodes: this.own.nodes.filter(({ settings }) => settings.id !== id) };
  };
  nodeLog = () =>
    this.#answer({ text: 'init message: Done loading', cut: false, path: '/nodes/home/debug.log' });
  setNodeProgram = () => this.#answer(undefined);
  chooseProgram = async () => '/opt/twisterd';
  invitedTo = (): Promise<InvitedTo> =>
    this.#answer({ from: 'mqtt_bob', network: this.invitedNetwork, node: null });
  nodeCertificate = () => this.#answer('AB:CD');

  wanted: Preferences = {
    language: 'en',
    theme: 'system',
    window: { close_to_tray: false, autostart: false, start_hidden: false, resume_bridges: true },
    notifications: { problems: true, connection: true, new_peer: true, quota: true, registration: true },
  };
  log: LogLine[] = [];
  /** What a file would do that is given to the app. */
  preview: ImportPreview = { source: 'mosquitto_twister', bridges: [], preferences: null };
  imports: ImportChoice[] = [];
  exports: { path: string; passphrase: string | null; replace: boolean }[] = [];
  finds: LocalFinds = { node: null, node_file: null, brokers: [] };

  preferences = async () => ({
    preferences: this.wanted,
    path: '/home/me/.local/share/net.mqtt-twister.app/app.toml',
    problem: null,
    tray: true,
  });

  savePreferences = async (wanted: Preferences) => {
    await this.#answer(null);
    return (this.wanted = wanted);
  };

  logLines = async (after: number | null) => this.log.filter(({ number }) => number > (after ?? 0));
  report = () => this.#answer('mqtt-twister 0.1.0');

  about = async () => ({
    version: '0.1.0',
    licence: 'MIT OR Apache-2.0',
    repository: 'https://example.org',
    tauri: '2',
    webview: '2',
    system: 'linux',
  });

  exportPath = async () => '/home/me/settings.json';
  chooseExportPath = async () => '/home/me/chosen.json';

  exportSettings = async (path: string, passphrase: string | null, replace: boolean) => {
    await this.#answer(null);
    this.exports.push({ path, passphrase, replace });
  };

  previewImport = () => this.#answer(this.preview);

  importSettings = async (_text: string, _passphrase: string | null, choice: ImportChoice) => {
    await this.#answer(null);
    this.imports.push(choice);
    return { bridges: [], password_warning: null };
  };

  findLocal = async () => this.finds;
  readNodeFile = () => this.#answer({ url: 'http://127.0.0.1:28332', user: 'rpc' });

  onNews = async (listener: (news: BridgeNews) => void) => {
    this.#news.push(listener);
    return () => undefined;
  };

  onOverviewChanged = async (listener: () => void) => {
    this.#changed.push(listener);
    return () => undefined;
  };

  onInvitationOpened = async (listener: () => void) => {
    this.#invited.push(listener);
    return () => undefined;
  };

  async #answer<T>(value: T): Promise<T> {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
    return value;
  }
}
