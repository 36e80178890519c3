/** A profile as a form shows it, and what was changed in it. */
import type { Profile } from './model';

/** The fields that every form offers, whether the profile has them or not. */
const OFFERED = ['fullname', 'bio', 'location', 'url'];

/** The texts that can be edited, by field. */
export function textsOf(profile: Profile): Record<string, string> {
  const own = profile.fields
    .filter(({ editable }) => editable)
    .map(({ name, value }) => [name, value] as const);
  const taken = new Set(profile.fields.map(({ name }) => name));
  const offered = OFFERED.filter((name) => !taken.has(name)).map((name) => [name, ''] as const);
  const place = ([name]: readonly [string, string]) =>
    OFFERED.includes(name) ? OFFERED.indexOf(name) : OFFERED.length;
  return Object.fromEntries([...own, ...offered].sort((one, other) => place(one) - place(other)));
}

/** What was edited: the new text, or null for a field that is to go. */
export function changesOf(profile: Profile, texts: Record<string, string>): Record<string, string | null> {
  const before = textsOf(profile);
  const changed = Object.entries(texts).filter(([name, text]) => text.trim() !== (before[name] ?? '').trim());
  return Object.fromEntries(changed.map(([name, text]) => [name, text.trim() === '' ? null : text.trim()]));
}
