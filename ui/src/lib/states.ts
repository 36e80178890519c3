/** The states of bridges and their parts in words, with a tone that a colour can follow. */
import { list } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { title } from './codes';
import type { BridgeState, BridgeView, Part, PartState, PasswordPlace, Problem, Step } from './model';

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

export function partName(part: Part): string {
  return t(`states.part_${part}`);
}

const STATUS_TONES: Record<PartState['status'], Tone> = {
  idle: 'idle',
  connecting: 'wait',
  up: 'good',
  down: 'bad',
};

/** How a part stands, without what exactly is wrong with it. */
export function statusStanding(status: PartState['status']): Standing {
  const long = status === 'down' ? t('states.down') : t(`states.${status}_long`);
  return { tone: STATUS_TONES[status], short: t(`states.${status}`), long };
}

export function partStanding(state: PartState): Standing {
  const standing = statusStanding(state.status);
  return state.status === 'down' ? { ...standing, long: title(state.problem.code) } : standing;
}

export function bridgeStanding({ state, start_error }: Pick<BridgeView, 'state' | 'start_error'>): Standing {
  if (state.phase === 'stopping') {
    return { tone: 'wait', short: t('states.stopping'), long: t('states.stopping_long') };
  }
  if (state.phase === 'stopped') {
    return start_error
      ? { tone: 'bad', short: t('states.not_started'), long: title(start_error.code) }
      : { tone: 'idle', short: t('states.stopped'), long: t('states.stopped_long') };
  }
  if (state.ready) return { tone: 'good', short: t('states.running'), long: t('states.running_long') };
  const down = parts(state, 'down');
  if (down.length > 0) {
    return {
      tone: 'bad',
      short: t('states.interrupted'),
      long: t('states.interrupted_long', { parts: list(down) }),
    };
  }
  const connecting = parts(state, 'connecting');
  return {
    tone: 'wait',
    short: t('states.starting'),
    long:
      connecting.length > 0
        ? t('states.starting_long', { parts: list(connecting) })
        : t('states.getting_ready'),
  };
}

const STEP_TONES: Record<Step, Tone> = {
  taken: 'idle',
  queued: 'wait',
  posted: 'good',
  seen: 'good',
  acked: 'good',
  received: 'wait',
  delivered: 'good',
  refused: 'bad',
  expired: 'idle',
  superseded: 'idle',
  dropped: 'idle',
};

export function stepWords(step: Step): { word: string; meaning: string; tone: Tone } {
  return { word: t(`states.step_${step}`), meaning: t(`states.step_${step}_long`), tone: STEP_TONES[step] };
}

/** The parts that are down, each with its problem, in the order in which a message meets them. */
export function troubles(state: BridgeState): { part: Part; problem: Problem }[] {
  return PARTS.flatMap((part) => {
    const { [part]: standing } = state;
    return standing.status === 'down' ? [{ part, problem: standing.problem }] : [];
  });
}

/** Where a password is, as a note under its field. */
export function passwordNote(place: PasswordPlace): string {
  return place === 'not_needed' ? '' : t(`states.password_${place}`);
}

function parts(state: BridgeState, status: PartState['status']): string[] {
  return PARTS.filter((part) => state[part].status === status).map(partName);
}
