/** POST /sign-in: what the first page of a whole login sends: a name and a password, or what a passkey has signed. */
import { nowSeconds } from '../../env.ts'
import { loginByPasskey } from '../../grant/claims.ts'
import { type Known, findKnown } from '../../grant/known.ts'
import { Refusal, refuse, show } from '../../problem.ts'
import { subjectByPasskey } from '../../sign-in/passkey.ts'
import type { SignInRequest } from '../../sign-in/request.ts'
import { type Subject, subjectByPassword, subjectOfHint } from '../../sign-in/subject.ts'
import type { Given } from '../decode/oauth.ts'
import { parametersFrom } from '../decode/parameters.ts'
import { assertionOf, namesCredential } from '../decode/passkey.ts'
import { peerAddress } from '../decode/peer.ts'
import { languageOf, textIn } from '../encode/sign-in-text.ts'
import { type Call, surface } from '../surface.ts'
import { beginAsking } from './begin.ts'
import { finishSignIn, leaveTo } from './finish.ts'
import { firstPage, unsealRequest } from './first-page.ts'
import { checkBrowser, ownForm } from './own-form.ts'

export const firstStep = surface()

/** A name and a password, or what a passkey has signed, for the request that travels in the page. */
firstStep.post('/', async (call) => {
  const given = await ownForm(call)
  const sealed = given['request'] ?? ''
  const content = await unsealRequest(call.get('context'), sealed)
  if (!content) return refuse({ reason: 'page_gone' })
  await checkBrowser(call, content.browserHash)
  const { request } = content
  const known = await findKnown(call.get('context'), request.clientId)
  if (known?.registration.mode !== 'whole_login') return refuse({ reason: 'page_gone' })
  call.set('context', known.context)
  const text = textIn(languageOf(request.locales, call.req.header('Accept-Language')))
  const { username = '' } = given
  const again = (wrong: string) => firstPage(call, known, { sealed, content, username, wrong })
  const isByPasskey = namesCredential(parametersFrom(given))
  try {
    const subject: (Subject & { serial?: string }) | null = isByPasskey
      ? await byPasskey(call, known, content.browserHash, given)
      : await byPassword(call, known, given)
    if (!subject) return await again(isByPasskey ? text.wrongPasskey : text.wrongPassword)
    if (!(await isHinted(known, request, subject)))
      return leaveTo(call, request, {
        error: 'login_required',
        error_description: 'somebody else signed in than id_token_hint says',
      })
    // A passkey shows nobody what they approve.
    if (subject.serial === undefined || request.details)
      return await beginAsking(call, known, request, subject)
    const login = loginByPasskey(subject.serial, nowSeconds(known.context))
    return await finishSignIn(call, known, request, { subject, login })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { failure } = error
    if (failure.reason === 'too_many_requests')
      return again(text.tooMany(failure.retryAfterSeconds))
    // Of policies, which say who is let in by it.
    if (isByPasskey && show(failure).status === 403) return again(text.notAllowed)
    throw error
  }
})

const byPassword = (call: Call, known: Known, { username = '', password = '' }: Given) =>
  subjectByPassword(known, { username, password, client: peerAddress(call) })

function byPasskey(call: Call, known: Known, browser: string, given: Given) {
  const parameters = parametersFrom(given)
  const challenge = parameters.need('transaction_id')
  const assertion = assertionOf(parameters)
  return subjectByPasskey(known, { challenge, assertion, browser, client: peerAddress(call) })
}

/** OpenID Connect Core §3.1.2.1: where the application says whom it means, nobody else signs in. */
async function isHinted(
  known: Known,
  { idTokenHint }: SignInRequest,
  subject: Subject,
): Promise<boolean> {
  if (idTokenHint === undefined) return true
  const hinted = await subjectOfHint(known, idTokenHint)
  return hinted?.ownerId === subject.ownerId
}
