/** One request to a push service: no redirect, little patience; and when it says that it may be asked again. */

/** A push service that takes longer is as good as down: the person is waiting. */
const timeoutMs = 5000

type Sent = { headers: Record<string, string>; body: BodyInit | null }

export type Posted = { status: number; retryAfterSeconds: number | null; body: unknown }

/**
 * @param read what to make of the answer's body; without it nobody reads it.
 * @returns null where there was no answer in time.
 */
export async function post(
  address: string,
  { read, nowMs, ...sent }: Sent & { read?: 'json'; nowMs: () => number },
): Promise<Posted | null> {
  // Not AbortSignal.timeout: its clock would keep the object awake after the answer has come.
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), timeoutMs)
  try {
    // A redirect would lead past the allow-list.
    const response = await fetch(address, {
      ...sent,
      method: 'POST',
      redirect: 'manual',
      signal: patience.signal,
    })
    const { status, headers } = response
    const retryAfterSeconds = retryAfter(headers.get('Retry-After'), nowMs())
    if (read) return { status, retryAfterSeconds, body: await response.json().catch(() => null) }
    await response.body?.cancel()
    return { status, retryAfterSeconds, body: null }
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (!header) return null
  if (/^\d+$/.test(header)) return Number(header)
  const atMs = Date.parse(header)
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000))
}
