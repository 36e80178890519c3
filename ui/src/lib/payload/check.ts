/** Payloads as they are typed: whether a text is what it is meant to be. The app checks again, and its word counts. */
import { t } from '../../i18n/index.svelte';
import type { PayloadFormat } from '../model';

/** Why the text is no payload of that format; null when it is one. */
export function payloadProblem(text: string, format: PayloadFormat): string | null {
  if (format === 'json') return jsonProblem(text);
  const digits = text.replace(/\s/g, '');
  if (format === 'hex') {
    const wrong = /[^0-9a-fA-F]/.exec(digits)?.[0];
    if (wrong !== undefined) return t('publish.bad_hex', { digit: wrong });
    return digits.length % 2 === 0 ? null : t('publish.odd_hex');
  }
  if (format === 'base64') {
    return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(digits)
      ? null
      : t('publish.bad_base64');
  }
  return null;
}

function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (thrown) {
    return t('publish.bad_json', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** How many bytes the text stands for, as far as that is known. */
export function payloadLength(text: string, format: PayloadFormat): number {
  const digits = text.replace(/\s/g, '').length;
  if (format === 'hex') return Math.floor(digits / 2);
  if (format === 'base64') return Math.floor((text.replace(/[\s=]/g, '').length * 3) / 4);
  return new TextEncoder().encode(text).length;
}
