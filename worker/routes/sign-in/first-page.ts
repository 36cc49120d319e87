/** The page that a whole login begins with: a name and a password, or a passkey. Nothing is kept for it: the request travels in the page, sealed. */
import { offerPasskey } from '../../challenge/passkey.ts'
import { seal, unseal } from '../../crypto/seal.ts'
import { type Context, nowSeconds } from '../../env.ts'
import type { Known } from '../../grant/known.ts'
import { isAnyPasskeyAdmitted } from '../../sign-in/passkey.ts'
import type { SignInRequest } from '../../sign-in/request.ts'
import { utf8 } from '../../../schema/encoding.ts'
import { peerAddress } from '../decode/peer.ts'
import { page, passwordForm } from '../encode/sign-in-page.ts'
import { languageOf, textIn } from '../encode/sign-in-text.ts'
import type { Call } from '../surface.ts'

/** Somebody looks for their password meanwhile. */
const pageSeconds = 1800

type Sealed = { request: SignInRequest; browserHash: string; exp: number }

/** Bound to the browser that it is shown to. */
export function sealRequest(context: Context, content: Omit<Sealed, 'exp'>): Promise<string> {
  const exp = nowSeconds(context) + pageSeconds
  const bytes = utf8(JSON.stringify({ ...content, exp }))
  return seal(context.deployment.master, 'sign-in', bytes, context.random)
}

/** @returns null for what is not ours, or over. */
export async function unsealRequest(context: Context, sealed: string): Promise<Sealed | null> {
  const bytes = await unseal(context.deployment.master, 'sign-in', sealed)
  const content = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Sealed)
  return content && content.exp > nowSeconds(context) ? content : null
}

type Shown = {
  sealed: string
  content: Omit<Sealed, 'exp'>
  username: string
  wrong: string | null
}

export async function firstPage(
  call: Call,
  known: Known,
  { sealed, content, username, wrong }: Shown,
): Promise<Response> {
  const { context, application, registration } = known
  const { request, browserHash } = content
  const language = languageOf(request.locales, call.req.header('Accept-Language'))
  const text = textIn(language)
  const asker = {
    customer: registration.customer,
    application: application.id,
    browser: browserHash,
  }
  const isOffered = await isAnyPasskeyAdmitted(known, peerAddress(call))
  const passkey = isOffered ? await offerPasskey(context, asker, pageSeconds) : null
  return page(call, {
    language,
    title: text.title(application.name),
    leadsTo: request.redirectUri,
    passkey: isOffered,
    body: passwordForm(text, { application: application.name, sealed, username, wrong, passkey }),
  })
}
