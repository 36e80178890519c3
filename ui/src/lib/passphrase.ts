/** What makes a passphrase good enough to guard passwords in a file. */

/** Short ones can be tried out, whatever they are made of. */
const SHORTEST = 12;

/** Why it is not good enough, as the name of a text; null when it is. */
export function passphraseProblem(
  passphrase: string,
  again: string,
): 'transfer.passphrase_short' | 'transfer.passphrase_differs' | null {
  if (passphrase.length < SHORTEST) return 'transfer.passphrase_short';
  return passphrase === again ? null : 'transfer.passphrase_differs';
}
