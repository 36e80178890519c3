/** Things as the app tells of them, for tests: each says only what matters to it. */
import type {
  BridgeConfig,
  BridgeState,
  BridgeView,
  MessageDetail,
  MessageEvent,
  MessageRow,
  OwnNode,
} from '../src/lib/model';

/** A node of the app in a private network, which runs. */
export function aNode(status: Partial<OwnNode['status']> = {}): OwnNode {
  return {
    settings: {
      id: 'orchard-lane',
      network: { kind: 'private', name: 'Orchard Lane', peers: [] },
      ports: { p2p: 28_333, rpc: 28_332 },
      program: null,
      runs: true,
      blocks: 'when_needed',
      accounts: [],
    },
    status: {
      id: 'orchard-lane',
      phase: { phase: 'running' },
      pid: 4711,
      adopted: false,
      facts: { version: '0.9.40', height: 12, newest_block_s: 0, peers: 2, dht_nodes: 2 },
      blocks: { making: false, reason: null, maker: 'not_needed' },
      ...status,
    },
    url: 'http://127.0.0.1:28332',
    user: 'mqtt-twister',
    bridges: [],
    addresses: ['192.168.1.20:28333'],
  };
}

export function aState(change: Partial<BridgeState> = {}): BridgeState {
  const idle = { status: 'idle' } as const;
  return {
    bridge: 'home',
    phase: 'stopped',
    ready: false,
    broker: idle,
    node: idle,
    account: idle,
    network: idle,
    quota: null,
    counters: {
      taken: 0,
      posted: 0,
      posts: 0,
      received: 0,
      delivered: 0,
      refused: 0,
      unwanted: 0,
      expired: 0,
      superseded: 0,
      dropped: 0,
      acked: 0,
      unheard: 0,
      waiting_out: 0,
      waiting_in: 0,
    },
    ...change,
  };
}

export function aRunningState(change: Partial<BridgeState> = {}): BridgeState {
  const up = { status: 'up' } as const;
  return aState({ phase: 'running', ready: true, broker: up, node: up, account: up, network: up, ...change });
}

export function aConfig(change: Partial<BridgeConfig> = {}): BridgeConfig {
  return {
    name: 'home',
    twister: { url: 'http://127.0.0.1:28332', user: 'me', account: 'mqtt_alice' },
    broker: { url: 'mqtt://127.0.0.1:1883' },
    following: ['mqtt_bob'],
    publications: ['sensors/#', 'doors/#'],
    forwards: [
      { from: 'sensors/#', type: 'public' },
      { from: 'doors/#', type: 'private', to: ['mqtt_bob'] },
    ],
    subscriptions: ['fridges/#'],
    ...change,
  };
}

export function aBridge(change: Partial<BridgeView> = {}): BridgeView {
  return {
    id: 'home',
    config: aConfig(),
    state: aState(),
    start_error: null,
    node_password: 'keyring',
    broker_password: 'not_needed',
    ...change,
  };
}

export function aMessage(change: Partial<MessageEvent> = {}): MessageEvent {
  return {
    bridge: 'home',
    id: 'q3Rz9aB1-1/',
    account: 'mqtt_alice',
    local_topic: null,
    retain: false,
    properties: {},
    path: [],
    signature: null,
    taken_ms: null,
    reason: null,
    direction: 'out',
    step: 'queued',
    peer: null,
    public: true,
    topic: 'sensors/1',
    payload_base64: btoa('hello'),
    payload_len: 5,
    qos: 1,
    number: null,
    time_ms: 0,
    ...change,
  };
}

export function aRow(change: Partial<MessageRow> = {}): MessageRow {
  return {
    key: 1,
    bridge: 'home',
    direction: 'out',
    step: 'queued',
    peer: null,
    public: true,
    topic: 'sensors/1',
    preview: { kind: 'text', line: 'hello', len: 5 },
    qos: 1,
    retain: false,
    time_ms: 0,
    ...change,
  };
}

export function aDetail(change: Partial<MessageDetail> = {}): MessageDetail {
  return {
    row: aRow(),
    payload_base64: btoa('hello'),
    sent_topic: null,
    properties: {},
    path: [],
    account: 'mqtt_alice',
    number: null,
    signature: null,
    taken_ms: 0,
    steps: [{ step: 'queued', time_ms: 5 }],
    reason: null,
    previous: null,
    ...change,
  };
}
