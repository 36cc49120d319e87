/** /oauth/logout (RP-Initiated Logout): an application ends the browser's session with an id_token of it; without one the person is asked. */
import { sha256 } from '../../../schema/encoding.ts'
import { nowSeconds } from '../../env.ts'
import { findKnown } from '../../grant/known.ts'
import { readIdToken } from '../../grant/claims.ts'
import { refuse } from '../../problem.ts'
import { databaseOfKey, inDatabase } from '../../store/databases.ts'
import { endGrantsOf } from '../../store/grants.ts'
import { deleteSession, findSession } from '../../store/sign-ins.ts'
import { cookieOf, setCookie } from '../decode/cookie.ts'
import { type Given, givenIn } from '../decode/oauth.ts'
import { html } from '../encode/html.ts'
import { messagePage, page } from '../encode/sign-in-page.ts'
import { languageOf, textIn } from '../encode/sign-in-text.ts'
import { type Call, surface } from '../surface.ts'

export const logout = surface()

logout.on(['GET', 'POST'], '/logout', async (call) => {
  const given = await givenIn(call)
  const language = languageOf(given['ui_locales'], call.req.header('Accept-Language'))
  const text = textIn(language)
  const hint = given['id_token_hint']
  const claims = hint === undefined ? null : await readIdToken(call.get('context'), hint)
  const session = await sessionShown(call)
  // Another page's picture must sign nobody out.
  const isConfirmed =
    given['confirmed'] === 'yes' &&
    call.req.method === 'POST' &&
    call.req.header('Origin') === call.get('context').deployment.origin
  const isTheirs = claims !== null && (session === null || claims.sid === session.id)
  if (!isTheirs && !isConfirmed && session) {
    const { title, body } = { title: text.signOut, body: text.signOutBody }
    const fields = Object.entries(given).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )
    const form = html`<h1>${title}</h1>
      <p>${body}</p>
      <form method="post" action="/oauth/logout">
        ${fields}<button class="main" name="confirmed" value="yes">${text.yesSignOut}</button>
      </form>`
    const leadsTo = await returnTo(call, given, claims?.aud)
    return page(call, { language, title, body: form, ...(leadsTo !== null && { leadsTo }) })
  }
  if (session) {
    const context = inDatabase(call.get('context'), session.database) ?? call.get('context')
    await endGrantsOf(context.db, session.id)
    await deleteSession(context.db, session.id)
    setCookie(call, 'session', '', 0)
  }
  const back = await returnTo(call, given, claims?.aud)
  if (back !== null) return call.redirect(back, 303)
  return messagePage(call, language, {
    title: text.signedOut,
    body: text.signedOutBody,
    status: 200,
  })
})

async function sessionShown(call: Call): Promise<{ id: string; database: number } | null> {
  const secret = cookieOf(call, 'session')
  if (secret === null) return null
  const database = databaseOfKey(secret)
  const context = inDatabase(call.get('context'), database)
  const row = context && (await findSession(context.db, await sha256(secret), nowSeconds(context)))
  return row && { id: row.id, database }
}

/** Only to an address that the application is registered with, character by character. @throws Refusal oauth */
async function returnTo(
  call: Call,
  given: Given,
  audience: string | undefined,
): Promise<string | null> {
  const wished = given['post_logout_redirect_uri']
  if (wished === undefined) return null
  const clientId = audience ?? given['client_id'] ?? ''
  const known = await findKnown(call.get('context'), clientId)
  const isKnown = known?.registration.logoutUris.includes(wished)
  if (!isKnown || (given['client_id'] ?? clientId) !== clientId)
    return refuse({
      reason: 'oauth',
      error: 'invalid_request',
      why: 'post_logout_redirect_uri is not one of this application',
    })
  const address = new URL(wished)
  if (given['state'] !== undefined) address.searchParams.set('state', given['state'])
  return address.href
}
