/** OpenID Connect: what browsers and applications call. Names and errors are the standards' own. */
import * as v from 'valibot'
import {
  type Answer,
  type Fields,
  type Route,
  boolean,
  json,
  need,
  number,
  oneOf,
  string,
  text,
} from './words.ts'

const clientId = text('The Client ID.', 'payroll')
const ownName: Fields = {
  client_id: clientId,
  client_secret: text('The Client Secret, where it is not in the Authorization header.'),
  client_assertion: text('A statement that a key of the application has signed (RFC 7523).'),
  client_assertion_type: text('`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.'),
}
const asked: Fields = {
  response_type: text('`code`.', 'code'),
  redirect_uri: text('One that the application is registered with, character by character.'),
  scope: text('`openid`, and of `profile`, `email`, `offline_access` what is needed.', 'openid'),
  state: text('Comes back as it is.'),
  nonce: text('Stands in the id_token as it is.'),
  code_challenge: text('PKCE: SHA-256 of the verifier, base64url.'),
  code_challenge_method: text('`S256`.'),
  login_hint: text(
    'The user name. For a second factor it names the person, and counts only where the application itself has sent it.',
  ),
  id_token_hint: text('An id_token of before: the person must be the same.'),
  prompt: text('`none`, `login` or `select_account`.'),
  max_age: text('Seconds that a login may lie back.'),
  ui_locales: text('`de` or `en`; else the browser decides.'),
  authorization_details: text(
    'RFC 9396: what is to be approved. All of it is shown on the device and signed.',
  ),
  request: text('All of this as a JWT that a key of the application has signed (RFC 9101).'),
}
const html = (meaning: string): Answer => ({ in: 'text', type: 'text/html', meaning })
const route = { surface: 'openid', who: 'anyone' } as const
const client = { surface: 'openid', who: 'client' } as const

const tokens = v.object({
  access_token: v.string(),
  token_type: v.literal('Bearer'),
  expires_in: number('Seconds.'),
  scope: v.string(),
  id_token: v.optional(v.string()),
  refresh_token: v.optional(string('With `offline_access`: good once, and replaced each time.')),
  authorization_details: v.optional(v.array(v.looseObject({ type: v.string() }))),
})
const person = v.object({
  sub: string('The same for every application of this server, and for nobody else.'),
  preferred_username: string('The user name.'),
  name: v.optional(v.string()),
  given_name: v.optional(v.string()),
  family_name: v.optional(v.string()),
  email: v.optional(v.string()),
  email_verified: v.optional(v.boolean()),
})

const metadata = json(v.looseObject({ issuer: v.string(), token_endpoint: v.string() }))
const both = (one: Route): Route[] => [one, { ...one, method: 'POST' }]
const sent = (page: string) =>
  html(`${page} Where there is nothing to show, 303 to the application, or to the page that waits.`)

const id = need(text('Of this login; worth something in the browser that began it alone.'))

export const openid: Route[] = [
  {
    ...route,
    method: 'GET',
    path: '/.well-known/openid-configuration',
    does: 'Says what is spoken here, and where',
    gives: metadata,
  },
  {
    ...route,
    method: 'GET',
    path: '/.well-known/oauth-authorization-server',
    does: 'Says the same under the name of OAuth 2.0',
    gives: metadata,
  },
  {
    ...route,
    method: 'GET',
    path: '/oauth/jwks',
    does: 'Gives the keys that id_tokens are signed with',
    gives: json(v.object({ keys: v.array(v.looseObject({ kid: v.string(), alg: v.string() })) })),
  },
  ...both({
    ...route,
    method: 'GET',
    path: '/oauth/authorize',
    does: 'Begins a login in the person’s browser',
    takes: {
      client_id: need(clientId),
      ...asked,
      request_uri: text('What POST /oauth/par gave; then nothing else counts.'),
    },
    gives: sent('The page that asks for name and password.'),
  }),
  {
    ...client,
    method: 'POST',
    path: '/oauth/par',
    does: 'Takes a request ahead of the browser (RFC 9126)',
    takes: { ...ownName, ...asked },
    gives: {
      in: 'json',
      status: 201,
      shape: v.object({ request_uri: v.string(), expires_in: number('Seconds.') }),
    },
  },
  {
    ...client,
    method: 'POST',
    path: '/oauth/token',
    does: 'Gives tokens',
    takes: {
      grant_type: need(
        oneOf(
          [
            'authorization_code',
            'refresh_token',
            'client_credentials',
            'urn:openid:params:grant-type:ciba',
          ],
          'What is shown for them. `client_credentials`: a token of the application’s own, for /validate, over in ten minutes.',
        ),
      ),
      ...ownName,
      code: text('Good once, for a minute.'),
      redirect_uri: text('As in the request.'),
      code_verifier: text('PKCE.'),
      refresh_token: text('Good once.'),
      auth_req_id: text('What POST /oauth/ciba gave.'),
      scope: text('Less than was granted.'),
    },
    gives: json(tokens),
  },
  {
    ...client,
    method: 'POST',
    path: '/oauth/ciba',
    does: 'Asks a person without a browser (CIBA)',
    takes: {
      ...ownName,
      scope: text('As of /oauth/authorize.', 'openid'),
      login_hint: text('The user name. Exactly one hint is needed.'),
      id_token_hint: text('An id_token of before.'),
      binding_message: text('At most 200 characters: shown on the device, and signed.'),
      authorization_details: text('RFC 9396: all of it is shown on the device and signed.'),
      user_code: text('What the person alone knows: their PIN, or their password.'),
      requested_expiry: text('Seconds that there are to answer, at most.'),
      client_notification_token: text('For ping: what comes back as bearer token.'),
      request: text('All of this as a JWT that a key of the application has signed.'),
    },
    gives: json(
      v.object({
        auth_req_id: v.string(),
        expires_in: number('Seconds.'),
        interval: number('Seconds between two polls, at least.'),
        display_code: v.optional(
          string('An extension: what the application shows, and the person types.'),
        ),
        notified: boolean('An extension: whether a device rings.'),
        sent_to: v.array(v.string()),
        conforming: boolean('An extension: false where the application shows no code.'),
      }),
    ),
  },
  {
    ...client,
    method: 'POST',
    path: '/oauth/revoke',
    does: 'Takes back what a token was granted by (RFC 7009)',
    takes: { token: need(text('A refresh token or an access token.')), ...ownName },
    gives: { in: 'nothing', status: 200, meaning: 'It is good for nothing, if it ever was.' },
  },
  ...both({
    surface: 'openid',
    who: 'bearer',
    method: 'GET',
    path: '/oauth/userinfo',
    does: 'Says who signed in',
    gives: json(person),
  }),
  ...both({
    ...route,
    method: 'GET',
    path: '/oauth/logout',
    does: 'Ends the browser’s session',
    takes: {
      id_token_hint: text('An id_token of the session; without it the person is asked.'),
      client_id: clientId,
      post_logout_redirect_uri: text('One that the application is registered with.'),
      state: text('Comes back as it is.'),
      ui_locales: text('`de` or `en`.'),
    },
    gives: sent('A page that asks, or says that it is done.'),
  }),
  {
    ...route,
    method: 'POST',
    path: '/sign-in',
    does: 'Takes the name and the password of the page that asks for them',
    takes: {
      request: need(text('As it stands in the page.')),
      username: need(text('The user name.')),
      password: need(text('The password.')),
    },
    refuses: [403, 410],
    gives: sent('The page again, where something is wrong.'),
  },
  {
    ...route,
    method: 'GET',
    path: '/sign-in/:id',
    does: 'Shows the code, or how the login went',
    parts: { id },
    refuses: [410],
    gives: sent('The page.'),
  },
  {
    ...route,
    method: 'POST',
    path: '/sign-in/:id',
    does: 'Takes a step of the page that waits',
    parts: { id },
    takes: {
      step: need(oneOf(['again', 'code', 'afresh', 'leave'], 'Which button.')),
      code: text('A one-time password, a recovery code, or the code that a phone shows.'),
    },
    refuses: [403, 410],
    gives: sent('The page again, where something is wrong.'),
  },
  {
    ...route,
    method: 'GET',
    path: '/sign-in/:id/events',
    does: 'Tells the page when the login moves',
    parts: { id },
    refuses: [410],
    gives: {
      in: 'text',
      type: 'text/event-stream',
      meaning: 'Events `status`, as of GET /validate/events.',
    },
  },
]
