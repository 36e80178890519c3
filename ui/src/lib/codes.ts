/**
 * Every error code of the app in a few words. The app's own message gives the particulars and says what to do; nothing here
 * or elsewhere looks into it.
 */
import { t } from '../i18n/index.svelte';
import type { ErrorCode } from './model';

/** The code in words. */
export function title(code: ErrorCode | 'unexpected'): string {
  return t(`codes.${code}`);
}

/** The message as a sentence: errors begin in lower case and have no full stop, so that they can be put together. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === '') return '';
  const first = /^[a-z]+:\/\//.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return first + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
