/**
 * D1: the truth for what outlives a login. Times are epoch seconds, JSON columns hold what their comment names.
 * Challenges, counters and limits live in each owner's Durable Object (worker/challenge/desk/storage.ts), not here.
 */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** In the first database every customer; in each further one those who live there. */
export const customers = sqliteTable('customers', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  /** Where all else of theirs is: 0 is `DB`, 1 is `DB_1`. It never changes, because their owners' ids say it. */
  database: integer('database').notNull().default(0),
  createdAt: integer('created_at').notNull(),
})

export const realms = sqliteTable(
  'realms',
  {
    customer: text('customer').notNull(),
    /** Lower case. */
    name: text('name').notNull(),
    isDefault: integer('is_default', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.customer, table.name] })],
)

/** Where people are kept. `local`: in the table `people` here; `ldapresolver`: in a directory, and here whoever was looked up once. */
export const resolvers = sqliteTable(
  'resolvers',
  {
    customer: text('customer').notNull(),
    /** Lower case. */
    name: text('name').notNull(),
    type: text('type', { enum: ['local', 'ldapresolver'] }).notNull(),
    config: text('config', { mode: 'json' }).$type<Record<string, string>>().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.customer, table.name] })],
)

/** A realm finds a person in its resolvers, the lowest priority first. */
export const realmResolvers = sqliteTable(
  'realm_resolvers',
  {
    customer: text('customer').notNull(),
    realm: text('realm').notNull(),
    resolver: text('resolver').notNull(),
    /** null: after all that have one. */
    priority: integer('priority'),
  },
  (table) => [primaryKey({ columns: [table.customer, table.realm, table.resolver] })],
)

export const people = sqliteTable(
  'people',
  {
    /** Immutable: the owner id is made from it, so that a renamed person keeps their tokens. */
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    resolver: text('resolver').notNull(),
    /** What their directory calls them for ever; null: kept here. */
    uid: text('uid'),
    username: text('username').notNull(),
    /** Lower case: two spellings are one person. */
    usernameKey: text('username_key').notNull(),
    givenname: text('givenname').notNull().default(''),
    surname: text('surname').notNull().default(''),
    email: text('email').notNull().default(''),
    phone: text('phone').notNull().default(''),
    mobile: text('mobile').notNull().default(''),
    description: text('description').notNull().default(''),
    passwordHash: text('password_hash'),
    /** Sessions are good that were opened under it: whoever reports what was approved in their name gets another. */
    sessionMark: text('session_mark').notNull().default(''),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    // By name first: a name is looked up in any resolver, and a list is by name.
    uniqueIndex('people_by_name').on(table.customer, table.usernameKey, table.resolver),
    uniqueIndex('people_by_uid')
      .on(table.customer, table.resolver, table.uid)
      .where(sql`uid is not null`),
  ],
)

/** Programs beside a directory that ask it for us. Each holds a key of its own. */
export const connectors = sqliteTable(
  'connectors',
  {
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    /** What resolvers call it; those of one name share their work. */
    name: text('name').notNull(),
    /** What it calls itself. */
    label: text('label').notNull().default(''),
    /** SHA-256 of the code that it enrols with; null once it has. */
    codeHash: text('code_hash'),
    codeExpiresAt: integer('code_expires_at').notNull(),
    publicKey: text('public_key', { mode: 'json' }).$type<{
      kty: 'EC'
      crv: 'P-256'
      x: string
      y: string
    }>(),
    createdAt: integer('created_at').notNull(),
    enrolledAt: integer('enrolled_at'),
  },
  (table) => [index('connectors_by_name').on(table.customer, table.name)],
)

/** What an administrator notes about a person beside what their resolver knows. */
export const personAttributes = sqliteTable(
  'person_attributes',
  {
    person: text('person').notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
    type: text('type').notNull().default(''),
  },
  (table) => [primaryKey({ columns: [table.person, table.key] })],
)

export const applications = sqliteTable('applications', {
  id: text('id').primaryKey(),
  customer: text('customer').notNull(),
  /** What the device shows: who asks. */
  name: text('name').notNull(),
  createdAt: integer('created_at').notNull(),
})

/** Administrators and service accounts: names with a password, apart from people. */
export const accounts = sqliteTable(
  'accounts',
  {
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    application: text('application').notNull(),
    username: text('username').notNull(),
    role: text('role', { enum: ['admin', 'service'] }).notNull(),
    passwordHash: text('password_hash').notNull(),
    /** string[] of worker/policy/rights.ts */
    rights: text('rights', { mode: 'json' }).$type<string[]>().notNull(),
    /** string[] of addresses and networks it may call from; empty: anywhere. */
    networks: text('networks', { mode: 'json' }).$type<string[]>().notNull().default([]),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('accounts_by_name').on(table.customer, table.username)],
)

export const apiKeys = sqliteTable('api_keys', {
  id: text('id').primaryKey(),
  customer: text('customer').notNull(),
  application: text('application').notNull(),
  /** SHA-256 of the secret, base64url. The secret is 256 random bits, so a slow hash would add nothing. */
  secretHash: text('secret_hash').notNull(),
  rights: text('rights', { mode: 'json' }).$type<string[]>().notNull(),
  /** string[] of addresses and networks it may call from; empty: anywhere. */
  networks: text('networks', { mode: 'json' }).$type<string[]>().notNull().default([]),
  createdAt: integer('created_at').notNull(),
})

export const tokens = sqliteTable(
  'tokens',
  {
    serial: text('serial').primaryKey(),
    customer: text('customer').notNull(),
    ownerId: text('owner_id').notNull(),
    person: text('person'),
    realm: text('realm'),
    /** Of an administrator's device: the id of their account. */
    account: text('account'),
    type: text('type', { enum: ['push', 'totp', 'hotp', 'recovery', 'passkey'] }).notNull(),
    description: text('description').notNull().default(''),
    /** Beside the owner's. */
    realms: text('realms', { mode: 'json' }).$type<string[]>().notNull().default([]),
    pinHash: text('pin_hash'),
    /** Sealed with the serial: the secret that one-time passwords are made from. */
    seed: text('seed'),
    /** Of the codes that a device of ours shows: the device's serial. They are good while it is, with its PIN, and go with it. */
    device: text('device'),
    otpLength: integer('otp_length').notNull().default(6),
    hashlib: text('hashlib', { enum: ['sha1', 'sha256', 'sha512'] })
      .notNull()
      .default('sha1'),
    timeStep: integer('time_step').notNull().default(30),
    timeWindow: integer('time_window').notNull().default(180),
    countWindow: integer('count_window').notNull().default(10),
    syncWindow: integer('sync_window').notNull().default(1000),
    /** The first step or counter that is still good; of recovery codes the spent ones, a bit each; of a passkey its last signature counter. The owner's object is ahead of it. */
    counter: integer('counter').notNull().default(0),
    timeShift: integer('time_shift').notNull().default(0),
    validUntil: integer('valid_until'),
    info: text('info', { mode: 'json' }).$type<Record<string, string>>().notNull().default({}),
    active: integer('active', { mode: 'boolean' }).notNull().default(true),
    revoked: integer('revoked', { mode: 'boolean' }).notNull().default(false),
    rolloutState: text('rollout_state', { enum: ['', 'clientwait', 'enrolled'] }).notNull(),
    /** The device's public key: PublicJwk. */
    publicKey: text('public_key', { mode: 'json' }).$type<{
      kty: 'EC'
      crv: 'P-256'
      x: string
      y: string
    }>(),
    deviceId: text('device_id'),
    /** push only: `web push`, `poll only` or the name of an FCM configuration, as policy had it when the enrolment began. */
    pushConfiguration: text('push_configuration'),
    deviceName: text('device_name').notNull().default(''),
    /** Of a device that another device let in: until then it answers nothing. */
    heldUntil: integer('held_until'),
    /** And until then any of its owner's others may stop it, whether it is held or not. */
    stoppableUntil: integer('stoppable_until'),
    failCount: integer('fail_count').notNull().default(0),
    maxFailCount: integer('max_fail_count').notNull().default(10),
    /** Its enrolment was begun by a login: until it is finished this is nobody's token yet. */
    begunByLogin: integer('begun_by_login', { mode: 'boolean' }).notNull().default(false),
    /** How often it was tried behind a right PIN, and how often it was right; at the most: null is any number. */
    countAuth: integer('count_auth').notNull().default(0),
    countAuthSuccess: integer('count_auth_success').notNull().default(0),
    countAuthMax: integer('count_auth_max'),
    countAuthSuccessMax: integer('count_auth_success_max'),
    validFrom: integer('valid_from'),
    /** When its person got it. */
    assignedAt: integer('assigned_at'),
    /** When it was last good for a login. */
    lastAuthAt: integer('last_auth_at'),
    createdAt: integer('created_at').notNull(),
    enrolledAt: integer('enrolled_at'),
    enrolmentExpiresAt: integer('enrolment_expires_at'),
  },
  (table) => [
    index('tokens_by_owner').on(table.ownerId),
    index('tokens_by_customer').on(table.customer, table.serial),
    index('tokens_by_type').on(table.customer, table.type, table.serial),
    index('tokens_by_realm').on(table.customer, table.realm, table.serial, table.device),
    // Few are in realms beside their owner's.
    index('tokens_in_realms')
      .on(table.customer, table.realms)
      .where(sql`realms < '[]'`),
    index('tokens_by_person').on(table.person, table.customer),
    uniqueIndex('tokens_of_device')
      .on(table.device)
      .where(sql`device is not null`),
    index('tokens_waiting')
      .on(table.enrolmentExpiresAt)
      .where(sql`rollout_state = 'clientwait'`),
  ],
)

/** One push subscription a token. */
export const subscriptions = sqliteTable('subscriptions', {
  serial: text('serial').primaryKey(),
  endpoint: text('endpoint').notNull(),
  p256dh: text('p256dh').notNull(),
  auth: text('auth').notNull(),
  updatedAt: integer('updated_at').notNull(),
})

/** How native apps are pushed to, as `/smsgateway` writes it: service accounts of FCM projects. */
export const gateways = sqliteTable(
  'gateways',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    customer: text('customer').notNull(),
    /** What `push_firebase_configuration` says. */
    name: text('name').notNull(),
    module: text('module').notNull(),
    description: text('description').notNull().default(''),
    /** Record<string, string>: what may be read again. */
    options: text('options', { mode: 'json' }).$type<Record<string, string>>().notNull(),
    /** The service account, sealed with the customer and the name; null where its options say nothing of one. */
    account: text('account'),
  },
  (table) => [uniqueIndex('gateways_by_name').on(table.customer, table.name)],
)

/** What asks for a fingerprint, a face or a PIN: at most one WebAuthn credential a token. */
export const verifiers = sqliteTable('verifiers', {
  serial: text('serial').primaryKey(),
  credentialId: text('credential_id').notNull(),
  /** COSE key, base64url. */
  publicKey: text('public_key').notNull(),
  counter: integer('counter').notNull(),
  createdAt: integer('created_at').notNull(),
})

/** What a token of type passkey signs in with. Apart from verifiers, though both are of the same relying party: neither stands in for the other. */
export const passkeys = sqliteTable(
  'passkeys',
  {
    serial: text('serial').primaryKey(),
    customer: text('customer').notNull(),
    /** base64url, as the authenticator chose it. */
    credentialId: text('credential_id').notNull(),
    /** COSE key, base64url. */
    publicKey: text('public_key').notNull(),
    /** It may be copied to other devices of its holder, as what a password manager keeps. */
    isSynced: integer('is_synced', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('passkeys_by_credential').on(table.customer, table.credentialId)],
)

/** Stock phones: tokens that the privacyIDEA app holds. Their enrolment brings the row, and it goes when the token leaves the phone. */
export const phones = sqliteTable('phones', {
  serial: text('serial').primaryKey(),
  /** SPKI, base64, as the phone sent it. */
  publicKey: text('public_key').notNull(),
  /** The id of a row of server_keys. */
  serverKey: text('server_key').notNull(),
  /** Where Firebase finds the app; '' where it only polls. */
  fbtoken: text('fbtoken').notNull().default(''),
  /** Of the last update, so that an older one that is sent again changes nothing. */
  fbtokenAtMs: integer('fbtoken_at_ms').notNull().default(0),
  /** string[]: what the app says it understands. */
  capabilities: text('capabilities', { mode: 'json' }).$type<string[]>().notNull().default([]),
})

/**
 * RSA keys that the server speaks to stock phones with, made by the minute's work and never on a request. Of the pool where
 * `customer` is null: each is given to one token. A customer's own is a spare, shared by those who come while the pool is empty.
 */
export const serverKeys = sqliteTable(
  'server_keys',
  {
    id: text('id').primaryKey(),
    customer: text('customer'),
    /** A serial. */
    takenBy: text('taken_by'),
    /** PKCS #8, sealed with the id. */
    privateKey: text('private_key').notNull(),
    /** PKCS #1, base64. */
    publicKey: text('public_key').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('server_keys_spare').on(table.customer),
    index('server_keys_by_token').on(table.takenBy),
  ],
)

/** Finds an enrolment by the first five characters of its typed code. The rest is proven to the owner's object. */
export const enrolments = sqliteTable(
  'enrolments',
  {
    locator: text('locator').primaryKey(),
    customer: text('customer').notNull(),
    ownerId: text('owner_id').notNull(),
    serial: text('serial').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('enrolments_by_end').on(table.expiresAt)],
)

/** A code that an administrator gave to a person without a device, good once, at our own page alone. One for each. */
export const signInCodes = sqliteTable(
  'sign_in_codes',
  {
    ownerId: text('owner_id').primaryKey(),
    customer: text('customer').notNull(),
    /** Keyed: a stolen database cannot try codes. */
    hash: text('hash').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('sign_in_codes_by_end').on(table.expiresAt)],
)

/** Changes of tokens that the owner's object may not have read yet: one stays only where a request died halfway. */
export const tokenChanges = sqliteTable('token_changes', {
  mark: text('mark').primaryKey(),
  ownerId: text('owner_id').notNull(),
  customer: text('customer').notNull(),
  at: integer('at').notNull(),
})

/** What an administrator has set; what is not here has the default of worker/policy/settings.ts. */
export const settings = sqliteTable(
  'settings',
  {
    customer: text('customer').notNull(),
    name: text('name').notNull(),
    value: text('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.customer, table.name] })],
)

/** One row: raised by whatever changes settings, accounts, keys or applications, so that every isolate forgets its copy. */
export const epochs = sqliteTable('epochs', {
  name: text('name').primaryKey(),
  value: integer('value').notNull(),
})

/**
 * The trail grows with every login, so each of its tables is laid out by customer and time, the order in which it is read and leaves
 * again. `audit` and `deliveries` are WITHOUT ROWID (the migration says so, drizzle cannot): the row is its own index, one write each.
 */
export const audit = sqliteTable(
  'audit',
  {
    customer: text('customer').notNull(),
    at: integer('at').notNull(),
    /** Unique within its second, later ones greater (worker/record/number.ts): an event that is written twice is one row. */
    number: integer('number').notNull(),
    action: text('action').notNull(),
    success: integer('success', { mode: 'boolean' }).notNull(),
    serial: text('serial'),
    user: text('user'),
    realm: text('realm'),
    application: text('application'),
    client: text('client'),
    detail: text('detail', { mode: 'json' }).$type<Record<string, unknown>>(),
  },
  (table) => [primaryKey({ columns: [table.customer, table.at, table.number] })],
)

/** Every attempt to push, with what the push service said. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    customer: text('customer').notNull(),
    at: integer('at').notNull(),
    number: integer('number').notNull(),
    serial: text('serial').notNull(),
    /** SHA-256 of the challenge id: enough to tell attempts of one challenge together. */
    challengeHash: text('challenge_hash').notNull(),
    kind: text('kind', { enum: ['challenge', 'ended', 'newcomer', 'trial'] }).notNull(),
    attempt: integer('attempt').notNull(),
    host: text('host').notNull(),
    /** HTTP status, or null where there was no answer. */
    status: integer('status'),
    outcome: text('outcome').notNull(),
    tookMs: integer('took_ms').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.customer, table.at, table.number] }),
    index('deliveries_by_serial').on(table.serial, table.at),
  ],
)

/**
 * Receipts of redeemed approvals: JWS of typ countersign-receipt+jwt, taken apart by worker/record/receipt.ts. A receipt is found by
 * its `iat` and the hash. Too large a row to be its own index: SQLite would give each a page more.
 */
export const receipts = sqliteTable(
  'receipts',
  {
    customer: text('customer').notNull(),
    at: integer('at').notNull(),
    /** SHA-256 of the transaction id. */
    transactionHash: text('transaction_hash').notNull(),
    application: text('application').notNull(),
    serial: text('serial').notNull(),
    kid: text('kid').notNull(),
    /** As they were signed, byte for byte. */
    claims: text('claims').notNull(),
    signature: text('signature').notNull(),
  },
  (table) => [primaryKey({ columns: [table.customer, table.at, table.transactionHash] })],
)

export const policies = sqliteTable(
  'policies',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    customer: text('customer').notNull(),
    name: text('name').notNull(),
    scope: text('scope').notNull(),
    active: integer('active', { mode: 'boolean' }).notNull(),
    priority: integer('priority').notNull(),
    /** The lists are string[]. */
    realm: text('realm', { mode: 'json' }).$type<string[]>().notNull(),
    resolver: text('resolver', { mode: 'json' }).$type<string[]>().notNull(),
    user: text('user', { mode: 'json' }).$type<string[]>().notNull(),
    adminrealm: text('adminrealm', { mode: 'json' }).$type<string[]>().notNull(),
    adminuser: text('adminuser', { mode: 'json' }).$type<string[]>().notNull(),
    client: text('client', { mode: 'json' }).$type<string[]>().notNull(),
    time: text('time').notNull(),
    action: text('action', { mode: 'json' })
      .$type<Record<string, boolean | number | string>>()
      .notNull(),
    description: text('description').notNull(),
  },
  (table) => [uniqueIndex('policies_by_name').on(table.customer, table.name)],
)

/** How an application may use OpenID Connect and CIBA; one that is not here has API keys alone. */
export const registrations = sqliteTable('registrations', {
  application: text('application').primaryKey(),
  customer: text('customer').notNull(),
  /** Whether it has seen a first factor itself and names the person, or leaves the whole login to us. */
  mode: text('mode', { enum: ['second_factor', 'whole_login'] }).notNull(),
  /** Where its people are; '' is the default realm. */
  realm: text('realm').notNull().default(''),
  /** string[], compared character by character. */
  redirectUris: text('redirect_uris', { mode: 'json' }).$type<string[]>().notNull(),
  logoutUris: text('logout_uris', { mode: 'json' }).$type<string[]>().notNull(),
  /** JWK[]: public keys that it signs requests and its own name with. */
  keys: text('keys', { mode: 'json' }).$type<Record<string, unknown>[]>().notNull(),
  /** string[]: what a token of its own opens. */
  scopes: text('scopes', { mode: 'json' }).$type<string[]>().notNull(),
  idTokenAlg: text('id_token_alg', { enum: ['RS256', 'ES256'] }).notNull(),
  ciba: text('ciba', { enum: ['', 'poll', 'ping'] }).notNull(),
  notificationEndpoint: text('notification_endpoint').notNull().default(''),
  /** A CIBA request must bring what the person alone knows. */
  userCode: integer('user_code', { mode: 'boolean' }).notNull().default(false),
  /** false: nobody sees the code at this login, so people approve without typing one. */
  showsCode: integer('shows_code', { mode: 'boolean' }).notNull().default(true),
  /** Its secrets sign what it says (HS256 …): they are kept sealed as well. */
  signsWithSecret: integer('signs_with_secret', { mode: 'boolean' }).notNull().default(false),
  /** What its signed requests call the person. */
  loginHintClaim: text('login_hint_claim').notNull().default('login_hint'),
  /** It compares the person's name with the one of its first factor, so its PKCE may stand beside a signed request. */
  comparesName: integer('compares_name', { mode: 'boolean' }).notNull().default(false),
  createdAt: integer('created_at').notNull(),
})

/** Where an application wants to be told. */
export const webhooks = sqliteTable(
  'webhooks',
  {
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    application: text('application').notNull(),
    url: text('url').notNull(),
    /** string[] of schema/webhooks.ts; empty: all. */
    types: text('types', { mode: 'json' }).$type<string[]>().notNull(),
    /** Sealed; signs what is told. */
    secret: text('secret').notNull(),
    /** The one before, for as long as it is good. */
    previousSecret: text('previous_secret'),
    previousUntilAt: integer('previous_until_at'),
    /** false: it answered that nobody is there any more. */
    active: integer('active', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    index('webhooks_by_application').on(table.application),
    index('webhooks_by_customer').on(table.customer),
  ],
)

/** At most two an application, so that one can be replaced while the other is in use. */
export const applicationSecrets = sqliteTable(
  'application_secrets',
  {
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    application: text('application').notNull(),
    /** SHA-256, base64url, of 256 random bits and more. */
    hash: text('hash').notNull(),
    /** The secret itself, sealed, where the application signs with it; else ''. */
    sealed: text('sealed').notNull().default(''),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('application_secrets_by_application').on(table.application)],
)

/** Keys that id_tokens are signed with, of the whole deployment: in the first database only. */
export const grantKeys = sqliteTable('grant_keys', {
  /** The thumbprint. */
  kid: text('kid').primaryKey(),
  alg: text('alg', { enum: ['RS256', 'ES256'] }).notNull(),
  /** JWK, sealed with the kid. */
  privateKey: text('private_key').notNull(),
  publicKey: text('public_key', { mode: 'json' }).$type<Record<string, string>>().notNull(),
  createdAt: integer('created_at').notNull(),
})

/** Requests that an application has sent ahead (RFC 9126), each taken by one browser. */
export const pushedRequests = sqliteTable(
  'pushed_requests',
  {
    /** SHA-256 of the request_uri. */
    hash: text('hash').primaryKey(),
    application: text('application').notNull(),
    /** SignInRequest of worker/sign-in/request.ts. */
    request: text('request', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('pushed_requests_by_end').on(table.expiresAt)],
)

/** A person who is being asked, from a browser or (CIBA) without one, until an application has its answer. */
export const signIns = sqliteTable(
  'sign_ins',
  {
    /** In the browser's address: it opens nothing by itself. Of CIBA the hash of the auth_req_id. */
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    application: text('application').notNull(),
    /** Of the cookie that must be shown with the id; '' without a browser. */
    browserHash: text('browser_hash').notNull(),
    request: text('request', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    /** Who, by what they have shown before: Subject of worker/sign-in/subject.ts. */
    subject: text('subject', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    /** What is asked now: Question of worker/sign-in/ask.ts. */
    question: text('question', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    isDone: integer('is_done', { mode: 'boolean' }).notNull().default(false),
    /** CIBA: not to be asked again before. */
    pollAgainAt: integer('poll_again_at').notNull().default(0),
    /** CIBA: how many seconds lie between. */
    interval: integer('interval').notNull().default(0),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('sign_ins_by_end').on(table.expiresAt)],
)

/** What an application was granted by a person's login. Revoked is gone. */
export const grants = sqliteTable(
  'grants',
  {
    id: text('id').primaryKey(),
    customer: text('customer').notNull(),
    application: text('application').notNull(),
    person: text('person').notNull(),
    realm: text('realm').notNull(),
    scope: text('scope').notNull(),
    /** Login of worker/grant/claims.ts: when and by what. */
    login: text('login', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    /** The browser's session that it came from, or ''. */
    session: text('session').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('grants_by_end').on(table.expiresAt),
    index('grants_by_session').on(table.session),
    index('grants_by_person').on(table.person),
  ],
)

/** Codes, refresh tokens and access tokens, by their hash. */
export const grantTokens = sqliteTable(
  'grant_tokens',
  {
    hash: text('hash').primaryKey(),
    grant: text('grant').notNull(),
    kind: text('kind', { enum: ['code', 'refresh', 'access'] }).notNull(),
    /** Of a code: what must be shown with it. */
    bound: text('bound', { mode: 'json' }).$type<Record<string, string>>().notNull(),
    usedAt: integer('used_at'),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('grant_tokens_by_grant').on(table.grant),
    index('grant_tokens_by_end').on(table.expiresAt),
  ],
)

/** A browser in which somebody has signed in wholly, so that the next application need not ask at once. */
export const browserSessions = sqliteTable(
  'browser_sessions',
  {
    /** Of the cookie. */
    hash: text('hash').primaryKey(),
    /** `sid` of the id_tokens. */
    id: text('id').notNull(),
    customer: text('customer').notNull(),
    person: text('person').notNull().default(''),
    subject: text('subject', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    login: text('login', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('browser_sessions_by_id').on(table.id),
    index('browser_sessions_by_person').on(table.person),
    index('browser_sessions_by_end').on(table.expiresAt),
  ],
)

/** Signed statements of applications that are good once. */
export const usedOnce = sqliteTable(
  'used_once',
  {
    hash: text('hash').primaryKey(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('used_once_by_end').on(table.expiresAt)],
)
