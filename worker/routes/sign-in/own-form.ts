/** That a form is our own page's, in the browser that it was shown in. */
import { sha256 } from '../../../schema/encoding.ts'
import { equalSecrets } from '../../crypto/equal.ts'
import { refuse } from '../../problem.ts'
import { cookieOf } from '../decode/cookie.ts'
import { type Given, givenIn } from '../decode/oauth.ts'
import type { Call } from '../surface.ts'

/** The one that it was begun in. @throws Refusal page_gone */
export async function checkBrowser(call: Call, browserHash: string): Promise<void> {
  const shown = cookieOf(call, 'sign-in')
  if (shown === null || !equalSecrets(await sha256(shown), browserHash))
    refuse({ reason: 'page_gone' })
}

/** A form of our own page: another site's has neither our origin nor the cookie. */
export async function ownForm(call: Call): Promise<Given> {
  const from = call.req.header('Origin')
  if (from !== undefined && from !== call.get('context').deployment.origin)
    refuse({ reason: 'origin_refused' })
  return givenIn(call)
}
