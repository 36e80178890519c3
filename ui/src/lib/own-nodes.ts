/** The nodes that the app runs, in words. */
import { duration, number } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { title } from './codes';
import type { OwnNode } from './model';
import type { Standing, Tone } from './states';

const TONES: Record<OwnNode['status']['phase']['phase'], Tone> = {
  stopped: 'idle',
  starting: 'wait',
  searching: 'wait',
  syncing: 'wait',
  running: 'good',
  stopping: 'wait',
  restarting: 'bad',
  failed: 'bad',
};

/** Time between two looks at the nodes, in milliseconds. */
export const LOOK_PERIOD = 1_000;

/** What a node's network is called. */
export function networkName({ settings: { network } }: Pick<OwnNode, 'settings'>): string {
  return network.kind === 'public' ? t('nodes.public') : network.name;
}

export function nodeStanding({ status: { phase } }: Pick<OwnNode, 'status'>): Standing {
  const tone = TONES[phase.phase];
  const short = t(`nodes.phase_${phase.phase}`);
  const long = 'problem' in phase ? title(phase.problem.code) : t(`nodes.phase_${phase.phase}_long`);
  return { tone, short, long };
}

/** Whether the node can be stopped: it runs, or is being tried. */
export function isOn({ status: { phase } }: Pick<OwnNode, 'status'>): boolean {
  return phase.phase !== 'stopped' && phase.phase !== 'failed';
}

/** Whether bridges can ask it. */
export function answers({ status }: Pick<OwnNode, 'status'>): boolean {
  return status.facts !== null && isOn({ status });
}

/** How far the chain is, in words; empty while the node does not answer. */
export function chainText({ status: { facts, phase } }: Pick<OwnNode, 'status'>): string {
  if (!facts) return '';
  const height = number(facts.height);
  if (phase.phase === 'running') return t('nodes.chain_complete', { height });
  return t('nodes.chain', { height });
}

/** Who makes blocks, and why. */
export function blocksText({ status: { blocks } }: Pick<OwnNode, 'status'>): string {
  const reason = blocks.reason ?? 'none';
  if (blocks.making) return t('nodes.blocks_making', { reason });
  return t(`nodes.blocks_${blocks.maker}`, { reason });
}

/** How long it is to the next try to start it, from `now`, in milliseconds since 1970. */
export function retryText(at: number, now: number): string {
  return t('nodes.retry', { span: duration(Math.max(0, (at - now) / 1000)) });
}

/** Addresses or other things that a person has written a line each, or with commas between. */
export function entriesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((entry) => entry !== '');
}
