/** Rules in words: what a rule says beside its filter, each as a short mark, and what is wrong with one that is being written. */
import { bytes, duration, list, number } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { sentence } from './codes';
import type { Forward, HeldBackView, RuleProblem, SentView, Subscription } from './model';
import { DEFAULT_MAX_WAIT_MS } from './rules';

/** A few words on a rule, and a sentence for whoever wants more. */
export interface Mark {
  id: string;
  words: string;
  meaning: string;
}

/** `@bob and @eve` */
export function people(names: readonly string[]): string {
  return list(names.map((name) => t('common.account', { name })));
}

/** `everybody`, or the account. */
export function receiverName(receiver: string | null): string {
  return receiver === null ? t('rules.everybody') : t('common.account', { name: receiver });
}

/** What a rule for what goes out does beside sending. */
export function forwardMarks(rule: Forward): Mark[] {
  const marks = sharedMarks(rule);
  const add = (id: 'latest' | 'expires' | 'wait' | 'compatible', values = {}) =>
    marks.push({ id, words: t(`rules.mark_${id}`, values), meaning: t(`rules.mark_${id}_long`, values) });
  if (rule.latest_only) add('latest');
  if (rule.expires_after_s !== undefined) add('expires', { time: duration(rule.expires_after_s) });
  const wait = rule.max_wait_ms ?? DEFAULT_MAX_WAIT_MS;
  if (wait !== DEFAULT_MAX_WAIT_MS) add('wait', { time: seconds(wait / 1000) });
  if (rule.compatible) add('compatible');
  return marks;
}

/** What a rule for what comes in does beside letting in. */
export function subscriptionMarks(rule: Subscription): Mark[] {
  return sharedMarks(rule);
}

/** What is wrong, in the chosen language where there are words for it. */
export function problemWords(problem: RuleProblem): string {
  if (problem.code === 'invalid' || problem.code === 'settings' || problem.code === 'too_large')
    return sentence(problem.message);
  return t(`rules.problem_${problem.code}`);
}

/** What a copy of a message that would leave costs. */
export function costWords({ posts, bytes: size, alone }: SentView): string {
  if (posts === null || size === null) return t('rules.cost_none');
  return t(alone ? 'rules.cost_alone' : 'rules.cost', { posts, size: bytes(size) });
}

/** Why a rule does not send a message. */
export function heldBackWords({ reason, receiver, what, by }: HeldBackView): string {
  const values = { who: receiverName(receiver), what: what ?? '', rule: by === null ? 0 : by + 1 };
  return t(`rules.held_${reason}`, values);
}

function sharedMarks(rule: Forward | Subscription): Mark[] {
  const marks: Mark[] = [];
  const add = (id: 'except' | 'strip' | 'prefix' | 'rename' | 'qos' | 'retain', values = {}) =>
    marks.push({ id, words: t(`rules.mark_${id}`, values), meaning: t(`rules.mark_${id}_long`, values) });
  if (rule.except && rule.except.length > 0) add('except', { filters: list(rule.except) });
  if (rule.strip_prefix) add('strip', { prefix: rule.strip_prefix });
  if (rule.add_prefix) add('prefix', { prefix: rule.add_prefix });
  if (rule.rename) add('rename', { topic: rule.rename });
  if (rule.max_qos !== undefined) add('qos', { qos: number(rule.max_qos) });
  if (rule.retain === 'strip') add('retain');
  return marks;
}

/** A wait that may be less than a second. */
function seconds(value: number): string {
  return value < 1 || value % 1 !== 0 ? t('rules.seconds', { count: number(value, 3) }) : duration(value);
}
