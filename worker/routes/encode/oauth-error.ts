/** How a refusal looks to applications that speak OAuth (RFC 6749 §5.2, RFC 6750 §3). */
import { type Failure, show } from '../../problem.ts'

export const oauthErrorOf = (failed: Failure): string => {
  if (failed.reason === 'oauth') return failed.error
  const { status } = show(failed)
  if (status === 429 || status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

/** No quote and no backslash may stand in it, and nothing beyond ASCII. */
export const described = (text: string): string =>
  text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, '?')

/** @param isShown whether the secret came in the Authorization header: only then is the answer a challenge. */
export function oauthError(failed: Failure, isShown: boolean): Response {
  const { status, detail, headers } = show(failed)
  const error = oauthErrorOf(failed)
  const scheme =
    error === 'invalid_token' ? 'Bearer' : error === 'invalid_client' && isShown ? 'Basic' : null
  return Response.json(
    { error, error_description: described(detail) },
    {
      status,
      headers: {
        'Cache-Control': 'no-store',
        ...(scheme && {
          'WWW-Authenticate': `${scheme} realm="Countersign", error="${error}"`,
        }),
        ...headers,
      },
    },
  )
}
