/** RFC 9457: how a refusal looks on our own surfaces. */
import type { Problem } from '../../../schema/device.ts'
import { type Failure, show } from '../../problem.ts'

export function problemDocument(failed: Failure): Response {
  const { status, detail, field, headers } = show(failed)
  const body: Problem = {
    type: `urn:countersign:problem:${failed.reason}`,
    title: failed.reason.replaceAll('_', ' '),
    status,
    detail,
    reason: failed.reason,
    ...(field !== undefined && { field }),
  }
  return Response.json(body, {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...headers,
    },
  })
}
