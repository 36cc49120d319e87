/** /oauth/par (RFC 9126): an application sends its request ahead, known by its secret or key; the browser brings its name alone. */
import { sha256 } from '../../../schema/encoding.ts'
import { nowSeconds } from '../../env.ts'
import { newSecret } from '../../grant/keys.ts'
import { oauthRefusal } from '../../grant/refusal.ts'
import { requestOf } from '../../sign-in/request.ts'
import { subjectNamed } from '../../sign-in/subject.ts'
import { insertPushed } from '../../store/sign-ins.ts'
import { applicationOf, givenIn } from '../decode/oauth.ts'
import { surface } from '../surface.ts'
import { signedParameters } from './authorize.ts'

export const push = surface()

/** A browser is sent on at once. */
const pushedSeconds = 90

push.post('/par', async (call) => {
  const given = await givenIn(call)
  const known = await applicationOf(call, given)
  const { context, registration, clientId } = known
  if (given['request_uri'] !== undefined)
    oauthRefusal('invalid_request', 'request_uri has no place in a pushed request')
  const signed = given['request']
  const asked = signed === undefined ? given : await signedParameters(known, signed)
  const request = requestOf(known, { ...asked, client_id: clientId }, true)
  // Told at once and to the application alone, before anybody's browser is on its way.
  if (registration.mode === 'second_factor' && request.loginHint !== undefined)
    if (!(await subjectNamed(known, request.loginHint)))
      oauthRefusal('invalid_request', 'login_hint: nobody is called so here')
  const uri = `urn:ietf:params:oauth:request_uri:${newSecret(context)}`
  const expiresAt = nowSeconds(context) + pushedSeconds
  const { application } = registration
  await insertPushed(context.db, { hash: await sha256(uri), application, request, expiresAt })
  return call.json({ request_uri: uri, expires_in: pushedSeconds }, 201, {
    'Cache-Control': 'no-store',
  })
})
