/** A message that is being written: what an empty one is, and what keeps it from being published. */
import { t } from '../i18n/index.svelte';
import { payloadProblem } from './payload/check';
import type { BridgeId, MessageInput, PropertiesInput } from './model';
import { topicProblem } from './topics';

export const NO_PROPERTIES: PropertiesInput = {
  is_text: false,
  content_type: '',
  response_topic: '',
  correlation_data: '',
  correlation_format: 'text',
  expiry_s: null,
  user: [],
};

export function newMessage(bridge: BridgeId, topic: string): MessageInput {
  return { bridge, topic, payload: '', format: 'text', qos: 1, retain: false, properties: NO_PROPERTIES };
}

/** The fields that cannot be used, each with the reason; fields are named as the app names them. */
export function messageProblems({ topic, payload, format, properties }: MessageInput): Map<string, string> {
  const { response_topic, correlation_data, correlation_format, expiry_s } = properties;
  const found: [string, string | null][] = [
    ['topic', topicProblem(topic)],
    ['payload', payloadProblem(payload, format)],
    ['properties.response_topic', response_topic === '' ? null : topicProblem(response_topic)],
    ['properties.correlation_data', payloadProblem(correlation_data, correlation_format)],
    ['properties.expiry_s', expiryProblem(expiry_s)],
  ];
  return new Map(found.filter((one): one is [string, string] => one[1] !== null));
}

/** How many properties are set. */
export function countProperties(properties: PropertiesInput): number {
  const { is_text, content_type, response_topic, correlation_data, expiry_s, user } = properties;
  const set = [
    is_text,
    content_type !== '',
    response_topic !== '',
    correlation_data !== '',
    expiry_s !== null,
  ];
  return set.filter(Boolean).length + user.length;
}

function expiryProblem(seconds: number | null): string | null {
  if (seconds === null) return null;
  return Number.isInteger(seconds) && seconds >= 0 && seconds < 2 ** 32 ? null : t('publish.bad_expiry');
}
