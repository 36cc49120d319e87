/** /validate and /auth: asking a person, hearing the answer, and sessions. */
import * as v from 'valibot'
import {
  type Fields,
  type Route,
  boolean,
  decision,
  envelope,
  need,
  number,
  oneOf,
  string,
  text,
  whole,
} from './words.ts'

const transaction = text('The transaction, as the challenge named it.', '02659936574063359702')

const whose: Fields = {
  user: text('Who signs in: a name, name@realm or DOMAIN\\name.', 'anna@example.org'),
  realm: text('The realm of the user; the default realm where it is left out.'),
  serial: text('One token instead of a user.'),
}
const asking: Fields = {
  ...whose,
  type: text('Only tokens of this type, or of these with commas between.'),
  client: text(
    'The address that the login comes from. Heard from callers with the right `origin_claimed`.',
  ),
}
const once: Fields = {
  'Idempotency-Key': text(
    'Repeating a request under the same key asks nobody twice, and answers the same.',
  ),
}

/** Of a login by a passkey: what `navigator.credentials.get` gave, each part base64url. */
const assertion: Fields = {
  credential_id: text('Of a login by a passkey: the `id` of the credential, base64url.'),
  clientDataJSON: text('With credential_id: base64url.'),
  authenticatorData: text('With credential_id: base64url.'),
  signature: text('With credential_id: base64url.'),
  userHandle: text('With credential_id: base64url.'),
}

const challenge = {
  client_mode: v.optional(
    v.pipe(
      v.picklist(['poll', 'interactive']),
      v.description('Whether the application waits, or asks for what the person types.'),
    ),
  ),
  message: string('What to tell the person.'),
  serial: v.optional(string('The token.')),
  transaction_id: v.optional(string('The transaction: one for all challenges of a login.')),
  type: v.optional(string('The type of the token.')),
  image: v.optional(string('A picture to show, or nothing.')),
  link: v.optional(string('An address to open, or nothing.')),
  presence_answer: v.optional(string('The code that the person types on their device.')),
  attributes: v.optional(v.looseObject({})),
}
const detail = v.looseObject({
  ...challenge,
  messages: v.optional(v.array(v.string())),
  multi_challenge: v.optional(v.array(v.looseObject(challenge))),
  transaction_ids: v.optional(v.array(v.string())),
  preferred_client_mode: v.optional(string('Which of the ways to offer first.')),
  notified: v.optional(boolean('Whether a device was told; an open app sees it in any case.')),
  sent_to: v.optional(
    v.pipe(v.array(v.string()), v.description('The devices that were told, by their names.')),
  ),
  quiet_until_at: v.optional(
    number('Epoch seconds. Until then the person is not rung again; an open app sees it.'),
  ),
  expires_at: v.optional(number('Epoch seconds: the end of the time to answer.')),
  otplen: v.optional(number('The length of the one-time password that matched.')),
  username: v.optional(string('Whose passkey it was.')),
  realm: v.optional(string('The realm of whose passkey it was.')),
  receipt: v.optional(
    string('A JWS over the question, the answer and the verdict, for whoever must prove them.'),
  ),
})

const check: Omit<Route, 'method'> = {
  path: '/validate/check',
  surface: 'logins',
  who: 'login',
  does: 'Checks what a person typed; asks their devices; redeems an approval',
  more:
    'With a PIN it answers CHALLENGE and a transaction. With that transaction and an empty `pass` it redeems the approval, ' +
    'once. With `state` in place of `transaction_id` it waits for the answer, for callers that cannot poll. ' +
    'With a PIN and a one-time password, or the password alone, it answers at once. ' +
    'With `credential_id` and what a passkey signed it lets in by itself, and says who it was: the challenge of /validate/initialize is the transaction.',
  headers: once,
  takes: {
    ...asking,
    pass: text('The PIN, a one-time password, or both; empty to redeem.', '1234'),
    transaction_id: text('The transaction, as the challenge named it.'),
    state: text('As `transaction_id`, and waits.'),
    otponly: oneOf(['0', '1'], 'Whether `pass` is a one-time password without a PIN.'),
    ...assertion,
  },
  gives: decision(boolean('Whether they are let in.'), detail),
  refuses: [404, 409, 429],
}
const radius: Omit<Route, 'method'> = {
  ...check,
  path: '/validate/radiuscheck',
  does: 'As a check, for gateways that read the status and nothing else',
  more: 'Whoever is not let in at once hears 400, with an empty body.',
  gives: { in: 'nothing', status: 204, meaning: 'They are let in.' },
}
const initialize: Omit<Route, 'method'> = {
  path: '/validate/initialize',
  surface: 'logins',
  who: 'login',
  does: 'Begins a login with a passkey, of whoever has one',
  more:
    'Nobody is named and nothing is kept. Give `detail.passkey` to `navigator.credentials.get` on a page of this server’s own origin, and send what it ' +
    'gave to /validate/check under the same application, before `expires_at`. The challenge is taken as the bytes that it stands for, or as its text.',
  takes: { type: need({ ...oneOf(['passkey'], 'What is begun.'), example: 'passkey' }) },
  gives: decision(
    v.literal(false),
    v.looseObject({
      transaction_id: string('The challenge; good once.'),
      passkey: v.object({
        challenge: string('What is signed, base64url.'),
        rpId: string('The host name that passkeys are bound to.'),
        message: string('What to tell the person.'),
        transaction_id: string('As beside it.'),
        user_verification: v.literal('required'),
        userVerification: v.literal('required'),
      }),
      expires_at: number('Epoch seconds.'),
    }),
  ),
}
const trigger: Omit<Route, 'method'> = {
  path: '/validate/triggerchallenge',
  surface: 'logins',
  who: 'trigger',
  does: 'Asks the devices of a person whose first factor was checked elsewhere',
  headers: once,
  takes: asking,
  gives: decision(number('How many challenges there are.'), detail),
  refuses: [404, 409, 429],
}

const status = v.looseObject({
  challenge_status: v.picklist(['pending', 'accept', 'declined', 'cancelled']),
})
const poll: Omit<Route, 'path'> = {
  method: 'GET',
  surface: 'logins',
  who: 'anyone',
  does: 'Tells how a transaction stands',
  more: 'Pages of any origin may ask. A transaction that is unknown, over or redeemed is `pending`, as in privacyIDEA.',
  takes: {
    wait: {
      ...whole(0, 300, 'Seconds to wait for a change; up to `StateWaitSeconds`.'),
      example: 20,
    },
    cancelled: oneOf(
      ['0', '1'],
      'Whether the caller knows `cancelled`; it hears `declined` if not.',
    ),
  },
  gives: decision(boolean('Whether it was approved.'), status),
}

export const logins: Route[] = [
  { method: 'POST', ...check },
  { method: 'GET', ...check },
  { method: 'POST', ...radius },
  { method: 'GET', ...radius },
  { method: 'POST', ...trigger },
  { method: 'GET', ...trigger },
  {
    ...poll,
    path: '/validate/polltransaction',
    takes: { transaction_id: need(transaction), ...poll.takes },
  },
  { ...poll, path: '/validate/polltransaction/:id', parts: { id: need(transaction) } },
  { method: 'POST', ...initialize },
  { method: 'GET', ...initialize },
  {
    method: 'GET',
    path: '/validate/capabilities',
    surface: 'logins',
    who: 'known',
    does: 'Tells which kinds of tokens a login page may offer',
    gives: envelope(v.object({ capabilities: v.array(v.string()) })),
  },
  {
    method: 'GET',
    path: '/validate/events/:id',
    surface: 'logins',
    who: 'anyone',
    does: 'Tells how a transaction stands, and again when it changes',
    more: 'An extension. Pages of any origin may listen. The first event comes at once, and the stream ends with the final one.',
    parts: { id: need(transaction) },
    gives: {
      in: 'text',
      type: 'text/event-stream',
      meaning: 'Events `status` with `challenge_status` and `answered_at_ms`, as JSON.',
    },
  },
  {
    method: 'POST',
    path: '/validate/resend',
    surface: 'logins',
    who: 'trigger',
    does: 'Tells the devices of an open transaction once more',
    more: 'An extension. How often is a policy: `push_resends`.',
    takes: { transaction_id: need(transaction) },
    gives: envelope(v.literal(true)),
    refuses: [404, 409, 429],
  },
  {
    method: 'POST',
    path: '/validate/cancel',
    surface: 'logins',
    who: 'login',
    does: 'Ends a transaction that nobody waits for any more',
    more: 'An extension. The devices stop asking at once.',
    takes: { transaction_id: need(transaction) },
    gives: envelope(v.literal(true)),
    refuses: [404, 409],
  },
]

const ui = {
  ...{ log_level: v.number(), logout_time: v.number(), rss_age: v.number() },
  ...{ audit_page_size: v.number(), token_page_size: v.number(), user_page_size: v.number() },
  ...{ default_tokentype: v.string(), default_container_type: v.string() },
}
const session = v.looseObject({
  auth: v.literal(true),
  token: string('The session.'),
  role: v.pipe(v.picklist(['admin', 'user']), v.description('An account, or a person.')),
  username: v.string(),
  realm: string("The person's; empty for an account."),
  rights: v.pipe(v.array(v.string()), v.description('Actions of policies that are granted.')),
  menus: v.array(v.string()),
  ...ui,
  advice: v.optional(string('What should change about how this account is protected.')),
})

export const sessions: Route[] = [
  {
    method: 'POST',
    path: '/auth',
    surface: 'sessions',
    who: 'anyone',
    does: 'Gives a session for a name and a password',
    more: 'Where they have a device the value is false and the answer is a challenge: ask again with its transaction_id when it is approved. The session is a JWT. Show it as it is in `Authorization` or `PI-Authorization`; `Bearer ` before it is understood too.',
    headers: {
      'Countersign-Customer': text(
        'The id of the customer whose account or person it is, on a server with several.',
        'default',
      ),
    },
    takes: {
      username: need(
        text(
          'An account, or a person: user, user@realm or DOM\\user. An account goes first.',
          'admin',
        ),
      ),
      password: need(
        text(
          'Their password; with a transaction_id what answers it.',
          'correct horse battery staple',
        ),
      ),
      realm: text('The realm of the person; then no account is meant.'),
      transaction_id: text('From the challenge: the second call, when it is answered.'),
      resend: oneOf([0, 1], 'With a transaction_id: it rings again, and the value is true.'),
      registrationcode: text(
        'Of a person without a device: the code that an administrator made with the type `registration`. Good once.',
      ),
    },
    gives: {
      in: 'envelope',
      decision: true,
      value: v.union([session, v.boolean()]),
      detail: v.looseObject({ transaction_id: string('Of the challenge.') }),
    },
    refuses: [401, 429],
  },
  {
    method: 'POST',
    path: '/auth/password',
    surface: 'sessions',
    who: 'account',
    does: 'Changes the password of the account that asks',
    more: 'Sessions that the old password opened end. Who has a device is asked on it.',
    takes: {
      password: need(text('The one until now.', 'correct horse battery staple')),
      new_password: need(text('At least 12 characters.', 'a long and quiet password')),
    },
    gives: envelope(v.literal(true)),
    refuses: [429],
  },
  ...(['GET', 'POST'] as const).map((method): Route => ({
    method,
    path: '/auth/rights',
    surface: 'sessions',
    who: 'session',
    does: 'Tells which types of tokens the caller may enrol',
    gives: envelope(v.pipe(v.record(v.string(), v.string()), v.description('Meanings by type.'))),
  })),
]
