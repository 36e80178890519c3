/** Numbers, sizes and times as the chosen language writes them. Each reads the language, so that what is shown follows it. */
import { locale } from './index.svelte';

const formats = new Map<string, unknown>();

/** A format of the chosen language. Making one takes longer than using it, and a list that changes has dozens of lines: it is kept. */
function made<Options, Format>(
  Kind: new (language: string, options: Options) => Format,
  options: Options,
): Format {
  const name = `${Kind.name} ${locale.current} ${JSON.stringify(options)}`;
  const format = formats.get(name) ?? new Kind(locale.current, options);
  formats.set(name, format);
  return format as Format;
}

/** `12,345` */
export function number(value: number, digits = 0): string {
  return made(Intl.NumberFormat, { maximumFractionDigits: digits }).format(value);
}

/** `1.2 kB`; units of 1,000 bytes. */
export function bytes(count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const step = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return made(Intl.NumberFormat, {
    style: 'unit',
    unit: units[step],
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(count / 1000 ** step);
}

/** `14:05:09`, of milliseconds since 1970. */
export function timeOfDay(time: number): string {
  return made(Intl.DateTimeFormat, { timeStyle: 'medium', hourCycle: 'h23' }).format(time);
}

/** `23 Nov 2026, 14:05`, of milliseconds since 1970. */
export function dateAndTime(time: number): string {
  return made(Intl.DateTimeFormat, {
    dateStyle: 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
  }).format(time);
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `3 min`, of seconds: the biggest unit that fits. */
export function duration(seconds: number): string {
  const [unit, length] = SPANS.find(([, length]) => seconds >= length) ?? SPANS[3];
  return made(Intl.NumberFormat, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 0,
  }).format(Math.max(0, seconds / length));
}

/** `3 minutes ago` or `in 2 hours`: from `now` to `time`, both in milliseconds since 1970. */
export function relative(time: number, now: number): string {
  const seconds = (time - now) / 1000;
  const [unit, length] = SPANS.find(([, length]) => Math.abs(seconds) >= length) ?? SPANS[3];
  return made(Intl.RelativeTimeFormat, { numeric: 'auto' }).format(Math.round(seconds / length), unit);
}

/** `a, b and c` */
export function list(items: readonly string[]): string {
  return made(Intl.ListFormat, {}).format(items);
}
