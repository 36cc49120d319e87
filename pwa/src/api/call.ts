/**
 * One request to the device API and what came of it. Knows the protocol's headers, the clock and the shape of problems;
 * knows nothing of what is asked. Works in the page and in the service worker.
 */
import * as v from 'valibot'
import { Problem } from '../../../schema/device.ts'
import { deviceProtocol, deviceProtocolHeader } from '../../../schema/limits.ts'
import { learnClock } from './clock.ts'
import { type Signer, signRequest } from './sign-request.ts'

/** `offline`: no answer at all. `outdated`: the server wants a newer app. `unreadable`: not an answer of ours. Others are the server's. */
export type Failure = { reason: string; status: number; detail: string; field?: string | undefined }
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure }

export type Call<S extends v.GenericSchema> = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query. */
  path: string
  body?: object
  signer?: Signer
  answer: S
}

const patienceMs = 15_000

export async function call<S extends v.GenericSchema>(
  what: Call<S>,
): Promise<Result<v.InferOutput<S>>> {
  const first = await attempt(what)
  // The refusal's Date header has just set the clock right.
  return !first.ok && first.failure.reason === 'clock_skew' ? attempt(what) : first
}

async function attempt<S extends v.GenericSchema>(
  what: Call<S>,
): Promise<Result<v.InferOutput<S>>> {
  const bodyText = what.body === undefined ? '' : JSON.stringify(what.body)
  const headers = new Headers({ [deviceProtocolHeader]: String(deviceProtocol) })
  if (bodyText) headers.set('Content-Type', 'application/json')
  if (what.signer) {
    const request = await signRequest(what.signer, { ...what, bodyText })
    headers.set('Authorization', `Countersign ${request}`)
  }
  const sentAtMs = Date.now()
  try {
    const response = await fetch(what.path, {
      method: what.method,
      headers,
      body: bodyText || null,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    learnClock(response.headers.get('Date'), sentAtMs, Date.now())
    return await read(response, what.answer)
  } catch {
    return { ok: false, failure: { reason: 'offline', status: 0, detail: 'no answer' } }
  }
}

async function read<S extends v.GenericSchema>(
  response: Response,
  answer: S,
): Promise<Result<v.InferOutput<S>>> {
  const status = response.status
  const body: unknown = await response.json().catch(() => null)
  if (response.ok) {
    const parsed = v.safeParse(answer, body)
    if (parsed.success) return { ok: true, value: parsed.output }
    return {
      ok: false,
      failure: { reason: 'unreadable', status, detail: 'not the expected answer' },
    }
  }
  const problem = v.safeParse(Problem, body)
  const told = problem.success
    ? problem.output
    : { reason: 'unreadable', detail: response.statusText }
  return {
    ok: false,
    failure: { ...told, status, reason: status === 426 ? 'outdated' : told.reason },
  }
}
