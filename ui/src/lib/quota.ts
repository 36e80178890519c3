/** The post quota in words and in figures for a chart. */
import { number, relative } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import type { QuotaHistory } from './model';

/** How long the posts will last. */
export function forecastWords(history: QuotaHistory, now: number): string {
  const { forecast } = history;
  if (!forecast) return t('account.forecast_early');
  const used = number(forecast.used_per_hour, 1);
  const gained = number(forecast.gained_per_hour, 1);
  if (forecast.empty_at_ms === null) return t('account.forecast_lasts', { used, gained });
  return t('account.forecast_ends', { used, gained, when: relative(forecast.empty_at_ms, now) });
}

/** How full the gauge is: everything above this many posts is plenty. */
const FULL = 500;

export function fillOf(left: number): number {
  return Math.min(1, left / FULL);
}

/** The history as a chart takes it: times in seconds, and posts left. A single sample is a line of its own. */
export function chartData({ samples }: QuotaHistory): [number[], number[]] {
  const [only] = samples;
  const shown = samples.length === 1 && only ? [{ ...only, time_s: only.time_s - 60 }, only] : samples;
  return [shown.map(({ time_s }) => time_s), shown.map(({ left }) => left)];
}
