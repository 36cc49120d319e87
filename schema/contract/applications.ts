/** /application: who may ask, and with what. */
import * as v from 'valibot'
import {
  type Fields,
  type Route,
  boolean,
  envelope,
  flag,
  need,
  number,
  oneOf,
  string,
  text,
  whole,
} from './words.ts'

const id = need(text('Small letters, digits and hyphens, at most 64.', 'payroll'))
const limits: Fields = {
  rights: need(
    text(
      'Rights with commas between, or a JSON list. Nobody hands on one they lack.',
      'check,trigger',
    ),
  ),
  networks: text(
    'Addresses and networks that it may come from; any where it is left out.',
    '10.0.0.0/8',
  ),
}
const limited = {
  rights: v.array(v.string()),
  networks: v.array(v.string()),
  created_at: number('Epoch seconds.'),
}
const registered = v.object({
  client_id: v.string(),
  mode: v.picklist(['second_factor', 'whole_login']),
  realm: string('Where its people are; `` is the default realm.'),
  redirect_uris: v.array(v.string()),
  post_logout_redirect_uris: v.array(v.string()),
  jwks: v.object({ keys: v.array(v.looseObject({ kty: v.string() })) }),
  scopes: v.array(v.string()),
  id_token_signed_response_alg: v.picklist(['RS256', 'ES256']),
  ciba: v.picklist(['', 'poll', 'ping']),
  backchannel_client_notification_endpoint: v.string(),
  user_code_required: v.boolean(),
  shows_code: v.boolean(),
  signs_with_secret: v.boolean(),
  login_hint_claim: v.string(),
  compares_name: v.boolean(),
  conforming: boolean(
    'false: people approve without typing a code, which NIST SP 800-63B-4 does not allow.',
  ),
})
const route = { surface: 'applications', who: 'applications' } as const
const one = { ...route, parts: { id }, refuses: [404] }
const hookId = need(text('The id of the webhook.', 'Zk3bQw7RpL1x'))
const hook = v.object({
  id: v.string(),
  url: v.string(),
  types: v.array(v.string()),
  active: boolean('false: it answered 410, so that nothing is sent any more.'),
  created_at: number('Epoch seconds.'),
})
const gone = envelope(v.literal(1))

export const applications: Route[] = [
  {
    ...route,
    method: 'GET',
    path: '/application',
    does: 'Lists the applications with their keys and accounts, without a secret',
    gives: envelope(
      v.array(
        v.object({
          id: v.string(),
          name: v.string(),
          client_id: string('What it is called in OpenID Connect.'),
          secrets: v.array(v.object({ id: v.string(), created_at: number('Epoch seconds.') })),
          openid: v.nullable(registered),
          keys: v.array(v.object({ id: v.string(), ...limited })),
          accounts: v.array(v.object({ username: v.string(), role: v.string(), ...limited })),
        }),
      ),
    ),
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id',
    does: 'Makes an application, or names it anew',
    takes: { name: need(text('What devices show, at most 64 characters.', 'Payroll')) },
    gives: envelope(v.object({ id: v.string(), name: v.string() })),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id',
    does: 'Deletes an application with its keys and accounts',
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/key',
    does: 'Makes a key; it is told here, once, and never again',
    takes: {
      ...limits,
      by_source: flag(
        'No secret: whoever calls from `networks` without a header is this application, for `check` alone.',
      ),
    },
    gives: envelope(
      v.object({
        id: v.string(),
        api_key: v.optional(
          string('What goes into `X-API-Key`; none where it is known by address.'),
        ),
      }),
    ),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/key/:key',
    does: 'Takes a key back',
    parts: { id, key: need(text('The id of the key.', 'Zk3bQw7RpL1x')) },
    gives: gone,
  },
  {
    ...one,
    method: 'GET',
    path: '/application/:id/webhook',
    does: 'Lists where it is told what happens',
    gives: envelope(v.array(hook)),
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/webhook',
    does: 'Tells it what happens, signed by the Standard Webhooks rules. The secret is told here, once',
    takes: {
      url: need(
        text(
          'https. Where the server is not at the edge, at a host of PUSH_HOSTS.',
          'https://hooks.example.net/payroll',
        ),
      ),
      types: text(
        'Of `login.approved`, `login.declined`, `login.expired`, `login.reported`, `device.enrolled`, `device.stopped`; all where it is left out.',
      ),
    },
    gives: envelope(v.object({ id: v.string(), secret: string('`whsec_…`') })),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/webhook/:webhook',
    does: 'Tells nothing there any more',
    parts: { id, webhook: hookId },
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/webhook/:webhook/secret',
    does: 'Makes a new secret; the one before signs as well for a day. Switches on again what had answered 410',
    parts: { id, webhook: hookId },
    gives: envelope(
      v.object({ id: v.string(), secret: v.string(), previous_until_at: number('Epoch seconds.') }),
    ),
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/webhook/:webhook/test',
    does: 'Sends a message of type `webhook.test` there',
    parts: { id, webhook: hookId },
    gives: envelope(v.object({ message: string('Its id, as `webhook-id` says it.') })),
  },
  {
    ...one,
    method: 'GET',
    path: '/application/:id/message',
    does: 'Lists what it was told, the latest first, and how each telling went',
    takes: {
      limit: { ...whole(1, 500, 'How many at most; 50 where nothing is said.'), example: 50 },
    },
    gives: envelope(
      v.array(
        v.object({
          id: v.string(),
          type: v.string(),
          at: number('Epoch seconds.'),
          deliveries: v.array(
            v.object({
              webhook: v.string(),
              state: v.picklist(['due', 'delivered', 'failed']),
              attempts: v.number(),
              status: v.nullable(v.number()),
              last_at: v.nullable(v.number()),
              next_at: v.nullable(v.number()),
            }),
          ),
        }),
      ),
    ),
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/message/:message/replay',
    does: 'Tells it again, under the same id, everywhere where such messages go now',
    parts: { id, message: need(text('The id of the message.', 'msg_t0w2_1k9x')) },
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/openid',
    does: 'Registers an application for OpenID Connect, or registers it anew',
    takes: {
      mode: need(
        oneOf(
          ['second_factor', 'whole_login'],
          '`second_factor`: it has seen a first factor itself, and names the person in a pushed or signed request. `whole_login`: name, password and approval are asked for here.',
        ),
      ),
      realm: text('Where its people are; the default realm where it is left out.'),
      redirect_uris: text(
        'With commas between, or a JSON list.',
        'https://payroll.example.org/callback',
      ),
      post_logout_redirect_uris: text('Likewise.'),
      jwks: text('Its public keys, as a JSON Web Key Set.'),
      scopes: text(
        'What a token of its own opens: of `trigger`, `check`, `poll`, `enrol`.',
        'trigger,check',
      ),
      id_token_signed_response_alg: text('`RS256`, or `ES256`.'),
      ciba: text('`poll` or `ping`: it may ask people without a browser.'),
      backchannel_client_notification_endpoint: text('For ping: at a host of PUSH_HOSTS.'),
      user_code_required: flag('CIBA requests must bring what the person alone knows.'),
      shows_code: flag(
        '`0`: it cannot show the code, so people approve without one. Marked as not conforming.',
      ),
      signs_with_secret: flag(
        'It signs requests and its own name with its Client Secret (HS256, HS384, HS512, `client_secret_jwt`). Secrets made from then on are kept sealed.',
      ),
      login_hint_claim: text(
        'What its signed requests call the person, where that is not `login_hint`.',
        'login_hint',
      ),
      compares_name: flag(
        'It compares `preferred_username` with the name of its own first factor and refuses where they differ. Only then may `code_challenge` and `nonce` stand beside a signed request.',
      ),
    },
    gives: envelope(registered),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/openid',
    does: 'Takes the registration for OpenID Connect back',
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/secret',
    does: 'Makes a Client Secret; it is told here, once, and never again. Two may be good at a time',
    gives: envelope(
      v.object({
        id: v.string(),
        client_id: v.string(),
        client_secret: string('What the application shows at /oauth/token.'),
      }),
    ),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/secret/:secret',
    does: 'Takes a Client Secret back, and the tokens that it was shown for',
    parts: { id, secret: need(text('The id of the secret.', 'Zk3bQw7RpL1x')) },
    gives: gone,
  },
  {
    ...one,
    method: 'POST',
    path: '/application/:id/account',
    does: 'Makes a service account or an administrator, which POST /auth gives sessions to',
    takes: {
      username: need(text('Letters, digits and . _ @ -, at most 128.', 'payroll-service')),
      password: need(text('At least 12 characters.', 'a long and quiet password')),
      role: text('`service`, or `admin` in the application `default`, by an administrator.'),
      ...limits,
      rights: text('As of a key; an administrator has all.', 'check,trigger'),
    },
    gives: envelope(v.object({ username: v.string(), role: v.string() })),
  },
  {
    ...one,
    method: 'DELETE',
    path: '/application/:id/account/:username',
    does: 'Takes an account away, and its sessions with it; the last administrator stays',
    parts: { id, username: need(text('The name of the account.', 'payroll-service')) },
    gives: gone,
  },
]
