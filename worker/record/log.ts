/** What failed, for the operator's log. Says what was done and why it failed, never with which values. */
import { DrizzleQueryError } from 'drizzle-orm'

/** A failed statement names its parameters in its message: hashes, keys and addresses among them. */
export function logFailure(what: string, error: unknown): void {
  const told =
    error instanceof DrizzleQueryError
      ? new Error(`Failed query: ${error.query}`, { cause: error.cause })
      : error
  console.error(what, told)
}
