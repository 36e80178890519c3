/** What is wrong with a node and its network, in words: what, why, and what to do. */
import { duration } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { sentence, title } from './codes';
import type { Finding } from './model';
import type { Tone } from './states';

/** What is looked for at a node and in its network. */
export const FINDINGS = [
  'node_unreachable',
  'node_credentials',
  'node_certificate',
  'node_timeout',
  'not_a_node',
  'node_refused',
  'no_peers',
  'node_syncing',
  'chain_stands',
  'clock_wrong',
  'account_not_in_wallet',
  'account_not_registered',
  'dht_empty',
  'swarm_not_joined',
  'peer_not_registered',
  'port_closed',
  'node_slow',
] as const;

export interface Diagnosis {
  tone: Tone;
  what: string;
  why: string;
  todo: string;
}

const TONES: Record<Finding['severity'], Tone> = { fault: 'bad', warning: 'wait', notice: 'idle' };

export function diagnosis(finding: Finding): Diagnosis {
  const { subject, amount } = finding;
  const tone = TONES[finding.severity];
  const detail = sentence(finding.detail ?? '');
  const code = FINDINGS.find((one) => one === finding.code);
  // Not one that is looked for here: the app has said all there is to say.
  if (code === undefined) return { tone, what: title(finding.code), why: detail, todo: '' };
  const values = {
    subject,
    count: Math.abs(amount),
    span: duration(Math.abs(amount)),
    own: amount === 1 ? 'yes' : 'no',
  };
  return {
    tone,
    what: t(`network.what_${code}`, values),
    why: t(`network.why_${code}`, values),
    todo: t(`network.todo_${code}`, values),
  };
}
