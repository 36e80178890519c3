/** The states of bridges and their parts in words, with a tone that a colour can follow. */
import { title } from './codes';
import type { BridgeState, BridgeView, Part, PartState, PasswordPlace, Step } from './model';

/** How something stands: never shown by colour alone. */
export type Tone = 'good' | 'wait' | 'bad' | 'idle';

export interface Standing {
  tone: Tone;
  /** One or two words. */
  short: string;
  /** A sentence. */
  long: string;
}

/** The four parts that a bridge depends on, in the order in which a message meets them. */
export const PARTS = ['broker', 'node', 'account', 'network'] as const;

const PART_NAMES: Record<Part, string> = {
  broker: 'Broker',
  node: 'Node',
  account: 'Account',
  network: 'Network',
  storage: 'Database',
  message: 'Message',
};

export function partName(part: Part): string {
  return PART_NAMES[part];
}

export function partStanding(state: PartState): Standing {
  switch (state.status) {
    case 'idle':
      return { tone: 'idle', short: 'Not in use', long: 'Nothing is being done with it.' };
    case 'connecting':
      return { tone: 'wait', short: 'Connecting…', long: 'It is being reached.' };
    case 'up':
      return { tone: 'good', short: 'Working', long: 'It works.' };
    case 'down':
      return { tone: 'bad', short: 'Down', long: title(state.problem.code) };
  }
}

export function bridgeStanding({ state, start_error }: Pick<BridgeView, 'state' | 'start_error'>): Standing {
  if (state.phase === 'stopping') {
    return { tone: 'wait', short: 'Stopping…', long: 'It finishes what it has begun.' };
  }
  if (state.phase === 'stopped') {
    return start_error
      ? { tone: 'bad', short: 'Not started', long: title(start_error.code) }
      : { tone: 'idle', short: 'Stopped', long: 'Messages do not cross. The broker keeps them if it can.' };
  }
  if (state.ready) return { tone: 'good', short: 'Running', long: 'Messages cross in both directions.' };
  const down = parts(state, 'down');
  if (down.length > 0) {
    return { tone: 'bad', short: 'Interrupted', long: `Messages wait: ${list(down)} down. It keeps trying.` };
  }
  const connecting = parts(state, 'connecting');
  return {
    tone: 'wait',
    short: 'Starting…',
    long: connecting.length > 0 ? `Connecting: ${connecting.join(', ').toLowerCase()}.` : 'Getting ready.',
  };
}

const STEPS: Record<Step, { word: string; meaning: string; tone: Tone }> = {
  queued: { word: 'Queued', meaning: 'Safe in the outbox, waiting to go out', tone: 'wait' },
  posted: { word: 'Posted', meaning: 'On the network: the node has it and it was read back', tone: 'good' },
  seen: { word: 'Seen', meaning: 'The receiver’s bridge has it, and says so', tone: 'good' },
  acked: { word: 'Acked', meaning: 'The receiver’s broker took it over, as its bridge says', tone: 'good' },
  received: { word: 'Received', meaning: 'Safe in the inbox, waiting for the local broker', tone: 'wait' },
  delivered: { word: 'Delivered', meaning: 'The local broker took it over', tone: 'good' },
  refused: { word: 'Refused', meaning: 'Turned away; the problems list says why', tone: 'bad' },
};

export function stepWords(step: Step): { word: string; meaning: string; tone: Tone } {
  return STEPS[step];
}

const PLACES: Record<PasswordPlace, string> = {
  not_needed: '',
  keyring: 'Saved in the system’s keyring. Leave empty to keep it.',
  environment: 'Comes from an environment variable, which takes precedence over one entered here.',
  memory: 'Kept in memory until you close the app: the system’s keyring cannot be used.',
  missing: 'Not known yet: enter it here.',
};

/** Where a password is, as a note under its field. */
export function passwordNote(place: PasswordPlace): string {
  return PLACES[place];
}

function parts(state: BridgeState, status: PartState['status']): string[] {
  return PARTS.filter((part) => state[part].status === status).map(partName);
}

function list(names: string[]): string {
  const lower = names.map((name) => name.toLowerCase());
  const last = lower.pop() ?? '';
  return lower.length === 0 ? `the ${last} is` : `the ${lower.join(', ')} and ${last} are`;
}
