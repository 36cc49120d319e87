/** /policy, /system, /healthz, /audit, /delivery and the pages: what whoever runs the server calls. */
import * as v from 'valibot'
import {
  type Fields,
  type Route,
  envelope,
  flag,
  json,
  need,
  number,
  oneOf,
  paged,
  paging,
  string,
  text,
  whole,
} from './words.ts'

const scopes = ['admin', 'user', 'enrollment', 'authentication', 'authorization'] as const
const policyName = need(text('Letters, digits, blanks, dots, - and _.', 'office'))
const names = v.array(v.string())
const action = v.union([v.string(), v.number(), v.boolean()])
const policy = v.looseObject({
  name: v.string(),
  scope: v.picklist(scopes),
  action: v.record(v.string(), action),
  active: v.boolean(),
  priority: v.number(),
  realm: names,
  resolver: names,
  user: names,
  adminrealm: names,
  adminuser: names,
  client: names,
  time: v.string(),
  description: v.string(),
})
const definition = v.record(
  v.string(),
  v.looseObject({
    type: v.picklist(['bool', 'int', 'str']),
    desc: string('What it means.'),
    in_force: v.pipe(v.boolean(), v.description('Whether anything comes of it yet.')),
    value: v.optional(v.pipe(names, v.description('What it may be.'))),
  }),
)

const settings = { surface: 'policies', who: 'settings' } as const

export const policies: Route[] = [
  {
    method: 'GET',
    path: '/policy',
    ...settings,
    does: 'Lists the policies',
    gives: envelope(v.array(policy)),
  },
  {
    method: 'GET',
    path: '/policy/:name',
    ...settings,
    does: 'Tells of one policy; of none where there is none',
    parts: { name: policyName },
    gives: envelope(v.array(policy)),
  },
  {
    method: 'POST',
    path: '/policy/:name',
    ...settings,
    does: 'Makes a policy, or replaces it',
    more: 'In force everywhere within a second. A challenge keeps the policies that it was made under.',
    parts: { name: policyName },
    takes: {
      scope: need({ ...oneOf(scopes, 'What it speaks about.'), example: 'authentication' }),
      action: need(
        text('`name=value, flag`, or a JSON object. GET /policy/defs has all.', 'push_wait=20'),
      ),
      realm: need(text('Realms with commas between, or a JSON list; may be empty.', 'example')),
      resolver: text('Resolvers that it is about.'),
      user: text('Users that it is about.'),
      adminrealm: text('Realms of the administrators that it is about.'),
      adminuser: text('Administrators that it is about.'),
      client: text('Addresses and networks; ! or - before one leaves it out.', '10.0.0.0/8'),
      time: text('When it holds.', 'Mon-Fri: 9-18'),
      active: flag('Whether it holds at all.'),
      priority: whole(1, 1_000_000, 'Where two speak of one thing the lowest is heard.'),
      description: text('A note.'),
    },
    gives: envelope(
      v.pipe(v.record(v.string(), v.number()), v.description('Its number, as `setPolicy <name>`.')),
      v.object({
        not_in_force_yet: v.optional(v.pipe(names, v.description('Actions that nothing obeys.'))),
        contradicts: v.optional(
          v.pipe(
            v.record(v.string(), names),
            v.description('Other policies of the same priority, and where they say otherwise.'),
          ),
        ),
      }),
    ),
  },
  {
    method: 'DELETE',
    path: '/policy/:name',
    ...settings,
    does: 'Deletes a policy',
    parts: { name: policyName },
    gives: envelope(number('Its number.')),
    refuses: [404],
  },
  ...(['enable', 'disable'] as const).map((word): Route => ({
    method: 'POST',
    path: `/policy/${word}/:name`,
    ...settings,
    does: word === 'enable' ? 'Lets a policy hold' : 'Lets a policy rest',
    parts: { name: policyName },
    gives: envelope(number('Its number.')),
    refuses: [404],
  })),
  {
    method: 'GET',
    path: '/policy/defs',
    ...settings,
    does: 'Lists every action of a policy, with its type and its meaning',
    gives: envelope(v.record(v.string(), definition)),
  },
  {
    method: 'GET',
    path: '/policy/defs/:scope',
    ...settings,
    does: 'Lists the actions of one scope',
    parts: { scope: need(oneOf(scopes, 'The scope.')) },
    gives: envelope(definition),
  },
]

const key = need(text('The name of a setting.', 'PushChallengeValidityTime'))
const configuration: Fields = {
  PushChallengeValidityTime: {
    ...whole(10, 3600, 'Seconds that a device may answer.'),
    example: 90,
  },
  PushChallengeFinalizeGrace: whole(10, 3600, 'Seconds more in which an approval is redeemed.'),
  DefaultChallengeValidityTime: whole(10, 3600, 'Seconds to type a one-time password in.'),
  IncFailCountOnFalsePin: flag('Whether a wrong PIN counts as a failure.'),
  StateWaitSeconds: whole(1, 300, 'Seconds that a caller may wait for an answer.'),
  EnrolmentSeconds: whole(60, 86_400, 'Seconds in which an enrolment can be finished.'),
}
const beginnings: Fields = {
  DefaultMaxFailCount: {
    ...whole(1, 10_000, 'After so many failures a new token is locked.'),
    example: 10,
  },
  DefaultCountWindow: whole(1, 1000, 'How far the counter of a new HOTP token may run ahead.'),
  DefaultSyncWindow: whole(1, 10_000, 'How far a new token is looked for when it has lost step.'),
  DefaultOtpLen: oneOf([6, 8], 'Digits of the one-time passwords of a new token.'),
}
const setting = { surface: 'system', who: 'settings' } as const
const written = envelope(
  v.record(v.string(), v.picklist(['insert', 'update'])),
  v.object({ not_in_force: v.pipe(names, v.description('Kept, but nothing obeys them.')) }),
)
const told = { method: 'GET', surface: 'system', who: 'anyone' } as const

export const system: Route[] = [
  {
    ...setting,
    method: 'GET',
    path: '/system',
    does: 'Tells what was set',
    gives: envelope(v.record(v.string(), v.string())),
  },
  {
    ...setting,
    method: 'GET',
    path: '/system/documentation',
    does: 'Tells every setting with its value in force, its range and its meaning',
    gives: envelope(
      v.record(
        v.string(),
        v.object({ value: v.number(), min: v.number(), max: v.number(), meaning: v.string() }),
      ),
    ),
  },
  {
    ...setting,
    method: 'GET',
    path: '/system/:key',
    does: 'Tells one setting',
    parts: { key },
    gives: envelope(v.nullable(v.string())),
  },
  {
    ...setting,
    method: 'POST',
    path: '/system/setConfig',
    does: 'Sets some settings, all or none',
    more: 'Names that are not listed here are kept as they are given; the answer says that nothing obeys them.',
    takes: { ...configuration, ...beginnings },
    gives: written,
  },
  {
    ...setting,
    method: 'POST',
    path: '/system/setDefault',
    does: 'Sets what new tokens begin with',
    takes: beginnings,
    gives: written,
  },
  {
    ...setting,
    method: 'DELETE',
    path: '/system/:key',
    does: 'Goes back to what a setting is by itself',
    parts: { key },
    gives: envelope(number('1, or 0 where nothing was set.')),
  },
  {
    ...told,
    path: '/healthz/livez',
    does: 'Tells that it lives',
    gives: envelope(v.object({ status: v.literal('OK') })),
  },
  ...['/healthz', '/healthz/readyz'].map((path): Route => ({
    ...told,
    path,
    does: path === '/healthz' ? 'Tells how it is' : 'Tells whether it can do its work',
    gives: envelope(v.object({ status: v.literal('ready'), hsm: v.literal('OK') })),
    refuses: [503],
  })),
  {
    ...told,
    path: '/healthz/startupz',
    does: 'Tells whether it has begun',
    gives: envelope(v.object({ status: v.literal('started') })),
    refuses: [503],
  },
  {
    ...told,
    path: '/info',
    does: 'Tells what it is and which API it speaks',
    more: 'An extension.',
    gives: envelope(
      v.object({
        name: v.string(),
        issuer: v.string(),
        url: v.string(),
        version: v.string(),
        api_version: string('The version of privacyIDEA whose API it speaks.'),
        token_types: names,
        documentation: v.string(),
        openapi: v.string(),
      }),
    ),
  },
]

const columns = [
  ...['number', 'date', 'action', 'success', 'authentication', 'serial', 'token_type', 'user'],
  ...['realm', 'resolver', 'administrator', 'application', 'client', 'info'],
]
const filters: Fields = {
  ...Object.fromEntries(
    columns.map((name) => [name, text('A pattern; ! before it turns it round.')]),
  ),
  timelimit: text('Only what is at most so old: a number with s, m, h, d or y.', '7d'),
  sortorder: oneOf(['asc', 'desc'], 'Oldest or newest first.'),
}

export const trail: Route[] = [
  {
    method: 'GET',
    path: '/audit',
    surface: 'trail',
    who: 'audit',
    does: 'Reads the audit trail, which is some seconds behind (TRAIL_SECONDS); reading it leaves a trace in it',
    takes: { ...filters, ...paged('page_size') },
    gives: envelope(
      v.object({
        auditcolumns: names,
        auditdata: v.array(v.record(v.string(), v.union([v.string(), v.number()]))),
        ...paging,
        /** Only where there is more: a list looks no further. */
        looked_at: v.optional(v.number()),
      }),
    ),
  },
  {
    method: 'GET',
    path: '/audit/:file',
    surface: 'trail',
    who: 'audit',
    does: 'Downloads the audit trail for a spreadsheet',
    parts: { file: need(text('What the file shall be called; it ends in .csv.', 'audit.csv')) },
    takes: filters,
    gives: { in: 'text', type: 'text/csv', meaning: 'A line for each entry, under a head line.' },
  },
  {
    method: 'GET',
    path: '/delivery',
    surface: 'trail',
    who: 'delivery',
    does: 'Tells how each push went',
    more: 'An extension.',
    takes: {
      limit: { ...whole(1, 500, 'How many at most; 50 where nothing is said.'), example: 50 },
      serial: text('Only those to one token.'),
    },
    gives: envelope(
      v.object({
        count: v.number(),
        deliveries: v.array(
          v.looseObject({
            serial: v.string(),
            kind: v.string(),
            outcome: v.string(),
            at: v.number(),
          }),
        ),
      }),
    ),
  },
]

const html = (meaning: string) => ({ in: 'text', type: 'text/html', meaning }) as const
const shown = { method: 'GET', surface: 'pages', who: 'anyone' } as const

export const pages: Route[] = [
  {
    ...shown,
    path: '/',
    does: 'Welcomes people; on a loopback server it lets them try a login',
    gives: html('A page.'),
  },
  { ...shown, path: '/app', does: 'The app that answers', gives: html('A page.') },
  { ...shown, path: '/enrol', does: 'The app, opened by an invitation', gives: html('A page.') },
  {
    ...shown,
    path: '/me',
    does: 'Lets people see to their own devices',
    gives: html('A page.'),
  },
  { ...shown, path: '/docs', does: 'This reference, to be read', gives: html('A page.') },
  {
    ...shown,
    path: '/openapi.json',
    does: 'This reference, for programs',
    more: 'Pages of any origin may read it.',
    gives: json(v.looseObject({ openapi: v.string() })),
  },
  {
    ...shown,
    path: '/try/application.json',
    does: 'The credential of the page that lets people try a login',
    more: 'On a loopback server, to its own page only; not found elsewhere.',
    gives: json(v.object({ apiKey: v.string(), realm: v.string() })),
    refuses: [404],
  },
]
