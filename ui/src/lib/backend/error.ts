/** What a call to the app can fail with, and how an answer of the app is told from a failure. */
import type { CommandError, ErrorCode } from '../model';

/** An error of the app: a code to decide on, words to read, and the form field that they belong to. */
export class BackendError extends Error {
  readonly code: ErrorCode | 'unexpected';
  readonly field: string | null;

  constructor({ code, message, field }: CommandError | { code: 'unexpected'; message: string; field: null }) {
    super(message);
    this.code = code;
    this.field = field;
  }

  /** Whatever was thrown, as an error of the app. */
  static of(thrown: unknown): BackendError {
    if (thrown instanceof BackendError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new BackendError({ code: 'unexpected', message, field: null });
  }
}

type Outcome<T> = { status: 'ok'; data: T } | { status: 'error'; error: CommandError };

/** What a command answered; throws what it failed with. */
export async function unpack<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await call;
  } catch (thrown) {
    throw BackendError.of(thrown);
  }
  if (outcome.status === 'ok') return outcome.data;
  // A refusal by the window system itself arrives as a bare text.
  throw typeof outcome.error === 'object' ? new BackendError(outcome.error) : BackendError.of(outcome.error);
}
