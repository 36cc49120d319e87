/**
 * /oauth/authorize: a browser that an application sends. What is wrong with the application or its redirect_uri is told here; all
 * else goes back to it. A second factor is asked for at once; a whole login begins with a name and a password.
 */
import { sha256 } from '../../../schema/encoding.ts'
import { nowSeconds } from '../../env.ts'
import { type Known, findKnown } from '../../grant/known.ts'
import { giveCode } from '../../grant/issue.ts'
import { oauthRefusal } from '../../grant/refusal.ts'
import { readStatement } from '../../grant/statement.ts'
import { Refusal } from '../../problem.ts'
import { type Session, sessionIn } from '../../sign-in/browser.ts'
import { grantedBy } from '../../sign-in/redeem.ts'
import { type SignInRequest, answerTo, redirectOf, requestOf } from '../../sign-in/request.ts'
import { type Subject, subjectNamed, subjectOfHint } from '../../sign-in/subject.ts'
import { takePushed } from '../../store/sign-ins.ts'
import { browserOf, cookieOf } from '../decode/cookie.ts'
import { type Given, givenIn } from '../decode/oauth.ts'
import { described, oauthErrorOf } from '../encode/oauth-error.ts'
import { messagePage } from '../encode/sign-in-page.ts'
import { languageOf, textIn } from '../encode/sign-in-text.ts'
import { beginAsking } from '../sign-in/begin.ts'
import { firstPage, sealRequest } from '../sign-in/first-page.ts'
import { type Call, surface } from '../surface.ts'

export const authorize = surface()

authorize.on(['GET', 'POST'], '/authorize', async (call) => {
  let redirect: { redirectUri: string; state?: string } | null = null
  try {
    const given = await givenIn(call)
    const known = await findKnown(call.get('context'), given['client_id'] ?? '')
    if (!known)
      return oauthRefusal('invalid_request', 'client_id is not that of a registered application')
    call.set('context', known.context)
    const { parameters, isItsOwn, pushed } = await parametersOf(known, given)
    const redirectUri = pushed?.redirectUri ?? redirectOf(known.registration, parameters)
    if (redirectUri === null)
      return oauthRefusal('invalid_request', 'redirect_uri is not one of this application')
    const state = pushed?.state ?? parameters['state']
    redirect = { redirectUri, ...(state !== undefined && { state }) }
    const request = pushed ?? requestOf(known, parameters, isItsOwn)
    return await begin(call, known, request)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const language = languageOf(call.req.header('Accept-Language'))
    if (!redirect) {
      const { cannot: title, cannotBody: body } = textIn(language)
      return messagePage(call, language, { title, body, status: 400, why: whyOf(error) })
    }
    const error_description = described(whyOf(error))
    const { issuer } = { issuer: call.get('context').deployment.origin }
    const said = { error: oauthErrorOf(error.failure), error_description }
    return call.redirect(answerTo(redirect, issuer, said), 303)
  }
})

const whyOf = ({ failure }: Refusal): string =>
  failure.reason === 'oauth' ? failure.why : failure.reason.replaceAll('_', ' ')

type Parameters = { parameters: Given; isItsOwn: boolean; pushed?: SignInRequest }

/**
 * RFC 9101 §5: where a request was signed or sent ahead, what stands beside it in the address says nothing, but for what names and binds
 * nobody. PKCE and nonce bind a login to the one who began it: beside a signed request anybody could put those of another login, and have a
 * code for it. So that is for applications alone that compare the name afterwards.
 */
async function parametersOf(known: Known, given: Given): Promise<Parameters> {
  const { request_uri: uri, request } = given
  if (uri !== undefined && request !== undefined)
    oauthRefusal('invalid_request', 'request and request_uri do not go together')
  if (request !== undefined)
    return {
      parameters: { ...besides(known, given), ...(await signedParameters(known, request)) },
      isItsOwn: true,
    }
  if (uri === undefined) return { parameters: given, isItsOwn: false }
  const { context, registration } = known
  const row = await takePushed(context.db, await sha256(uri), nowSeconds(context))
  if (row?.application !== registration.application)
    return oauthRefusal('invalid_request_uri', 'request_uri is unknown, used or over')
  return { parameters: {}, isItsOwn: true, pushed: row.request as unknown as SignInRequest }
}

/** Of an application that signs with its secret, as gateways do. OpenID Connect Core §6.1 has these two in the address too. */
function besides({ registration }: Known, given: Given): Given {
  const names = ['response_type', 'scope']
  if (registration.comparesName) names.push('code_challenge', 'code_challenge_method', 'nonce')
  if (!registration.signsWithSecret) return {}
  return Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)))
}

/** @throws Refusal invalid_request_object */
export async function signedParameters(known: Known, request: string): Promise<Given> {
  const { claims } = await readStatement(known, request, 'request')
  // CIBA has no such member, and iss says the same.
  if (claims['client_id'] !== undefined && claims['client_id'] !== known.clientId)
    oauthRefusal('invalid_request_object', 'client_id must be the Client ID')
  if (claims['request'] !== undefined || claims['request_uri'] !== undefined)
    oauthRefusal('invalid_request_object', 'has another request inside')
  const { loginHintClaim } = known.registration
  const said = Object.entries(claims).flatMap(([name, value]): [string, unknown][] =>
    name === loginHintClaim
      ? [['login_hint', value]]
      : name === 'login_hint'
        ? []
        : [[name, value]],
  )
  return Object.fromEntries(
    said.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

async function begin(call: Call, known: Known, request: SignInRequest): Promise<Response> {
  const hinted =
    request.idTokenHint === undefined ? null : await subjectOfHint(known, request.idTokenHint)
  if (request.idTokenHint !== undefined && !hinted)
    return oauthRefusal(
      'login_required',
      'id_token_hint is not of this application, or its person is gone',
    )
  if (known.registration.mode === 'second_factor') {
    if (request.prompt.includes('none'))
      return oauthRefusal('login_required', 'the person is asked at every login')
    const subject = await personNamed(known, request, hinted)
    return beginAsking(call, known, request, subject)
  }
  const session = await usable(known, request, hinted, cookieOf(call, 'session'))
  if (session) return giveAtOnce(call, known, request, session)
  if (request.prompt.includes('none'))
    return oauthRefusal('login_required', 'nobody has signed in with this browser, or too long ago')
  return askFirst(call, known, request, hinted?.username ?? request.loginHint ?? '')
}

/** In a browser's address anybody could stand: a name that the application did not send itself rings nobody. */
async function personNamed(
  known: Known,
  request: SignInRequest,
  hinted: Subject | null,
): Promise<Subject> {
  if (!request.isItsOwn)
    return oauthRefusal(
      'invalid_request',
      'this application names the person in a pushed or a signed request, and nowhere else',
    )
  if (request.loginHint === undefined && !hinted)
    return oauthRefusal(
      'invalid_request',
      'login_hint is missing: the person whose second factor is asked for',
    )
  const named =
    request.loginHint === undefined ? hinted : await subjectNamed(known, request.loginHint)
  if (!named) return oauthRefusal('access_denied', 'nobody is called so here')
  if (hinted && hinted.person !== named.person)
    return oauthRefusal('invalid_request', 'login_hint and id_token_hint name two people')
  return named
}

async function usable(
  known: Known,
  { prompt, maxAge }: SignInRequest,
  hinted: Subject | null,
  cookie: string | null,
): Promise<Session | null> {
  if (prompt.some((one) => one === 'login' || one === 'select_account')) return null
  const session = await sessionIn(known, cookie)
  if (!session || (hinted && hinted.person !== session.subject.person)) return null
  const agoSeconds = nowSeconds(known.context) - session.login.authTime
  return maxAge !== undefined && agoSeconds > maxAge ? null : session
}

/** Another application of the same browser. What a person is to approve is always asked. */
async function giveAtOnce(
  call: Call,
  known: Known,
  request: SignInRequest,
  { subject, login, id }: Session,
): Promise<Response> {
  if (request.details) return beginAsking(call, known, request, subject)
  const granted = await grantedBy(known, subject, { login, request, session: id })
  const code = await giveCode(known.context, granted, request)
  return call.redirect(answerTo(request, known.context.deployment.origin, { code }), 303)
}

/** Nothing is kept for a browser that only came here. */
async function askFirst(
  call: Call,
  known: Known,
  request: SignInRequest,
  username: string,
): Promise<Response> {
  const content = { request, browserHash: await sha256(browserOf(call)) }
  const sealed = await sealRequest(known.context, content)
  return firstPage(call, known, { sealed, content, username, wrong: null })
}
