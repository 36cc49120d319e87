/** privacyIDEA's envelope around every answer of its API. */
import type { Failure } from '../../problem.ts'
import { show } from '../../problem.ts'
import type { Call } from '../surface.ts'

/** The API that we speak: the Windows plugin decides by it. */
export const apiVersion = '3.12'
export const version = `Countersign 0.1.0 (privacyIDEA ${apiVersion} API)`

/** Which thread of privacyIDEA's process answered. Clients that check the shape look for it; there is one. */
const threadid = 1

/** Never a whole number: readers that tell floats from integers expect a float. */
const seconds = (nowMs: number): number => (nowMs + 0.5) / 1000

export type Authentication = 'ACCEPT' | 'CHALLENGE' | 'DECLINED' | 'REJECT'

export type Result = {
  value: unknown
  detail?: Record<string, unknown> | undefined
  /** Only the /validate endpoints and /auth say it; their id is 2. */
  authentication?: Authentication | undefined
}

export function envelope(
  { value, detail, authentication }: Result,
  nowMs: number,
): Record<string, unknown> {
  return {
    ...(detail && { detail: { ...detail, threadid } }),
    id: authentication ? 2 : 1,
    jsonrpc: '2.0',
    result: { ...(authentication && { authentication }), status: true, value },
    time: seconds(nowMs),
    version,
    versionnumber: apiVersion,
  }
}

const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' }

export const answer = (call: Call, result: Result, status: 200 | 503 = 200): Response =>
  new Response(JSON.stringify(envelope(result, call.get('context').nowMs())), { status, headers })

/** "ERRnnn: " stands before the message on 400s only, as on the wire. */
export function failure(call: Call, failed: Failure): Response {
  const { status, headers } = show(failed)
  return Response.json(failureBody(call, failed), {
    status,
    headers: { 'Cache-Control': 'no-cache', ...headers },
  })
}

/** For an answer whose headers have gone out already, too. */
export function failureBody(call: Call, failed: Failure): Record<string, unknown> {
  const { status, code, detail, more } = show(failed)
  const message = status === 400 ? `ERR${code}: ${detail}` : detail
  return {
    // As privacyIDEA has it.
    detail: more ?? (failed.reason === 'wrong_password' ? {} : null),
    id: 1,
    jsonrpc: '2.0',
    result: { error: { code, message }, status: false },
    time: seconds(Date.now()),
    version,
  }
}
