/** /migration/privacyidea: people, tokens, PINs and policies; what is left, and that it may come twice. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { audit, people, tokens } from '../../schema/tables.ts'
import { matchesKept } from '../../worker/factor/legacy.ts'
import type { Application } from '../support/application.ts'
import { upload } from '../support/upload.ts'
import vectors from '../vectors/passlib.json' with { type: 'json' }
import { contextHere } from './context.ts'
import { type Deployment, adminPassword, costOf, deployment } from './deployment.ts'
import { hotpAt, otpSeed, totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Migration')
})

const load = (file: unknown, fields: Record<string, string> = {}) =>
  upload(
    admin,
    '/migration/privacyidea',
    typeof file === 'string' ? file : JSON.stringify(file),
    fields,
  )
const passes = async (parameters: object) =>
  (await admin.check(parameters)).envelope.result.authentication
const tokenRow = async (serial: string) =>
  (await d.db.select().from(tokens).where(eq(tokens.serial, serial)))[0]

/** As the token janitor writes one. */
const exported = (serial: string, more: object = {}) => ({
  serial,
  type: 'totp',
  description: 'brought along',
  otpkey: otpSeed,
  otplen: 6,
  count: 0,
  issuer: 'privacyIDEA',
  info_list: { hashlib: 'sha1', timeStep: '30', timeShift: '0', tokenkind: 'software' },
  ...more,
})

describe('what privacyIDEA has', () => {
  const file = {
    users: [
      {
        username: 'clara',
        email: 'clara@example.org',
        mobile: ['1', '2'],
        password: vectors.ssha256,
      },
      { username: 'Robert', resolver: 'local', password: vectors.sha512Crypt },
      { username: 'lost', realm: 'nowhere' },
      { username: 'back\\slash' },
    ],
    tokens: [
      exported('PI000001', { user: { login: 'clara', realm: 'default', resolver: 'ad' } }),
      exported('PI000002', { type: 'HOTP', count: 12, owner: 'robert@default', failcount: 3 }),
      exported('PI000003', { type: 'push' }),
      exported('PI000004', { otpkey: '' }),
      exported('PI000005', { user: { login: 'nobody', realm: 'default' } }),
      exported('PI000006', { rollout_state: 'clientwait' }),
      exported('PI000007', { active: false, info_list: { hashlib: 'sha256', timeStep: 60 } }),
    ],
    pins: [
      { serial: 'PI000001', pin_hash: vectors.argon2idSmall, pin_seed: '' },
      { serial: 'PI000002', pin_hash: vectors.pbkdf2Sha512 },
      { serial: 'PI000007', pin_hash: '' },
      { serial: 'PI999999', pin_hash: vectors.pbkdf2Sha512 },
    ],
    policy: [
      {
        name: 'push text',
        scope: 'authentication',
        active: false,
        priority: 3,
        realm: ['default'],
        resolver: [],
        user: [],
        adminrealm: [],
        adminuser: [],
        pinode: [],
        client: [],
        time: '',
        conditions: [],
        check_all_resolvers: false,
        action: { push_text_on_mobile: 'Hello {user}' },
      },
      {
        name: 'foreign',
        scope: 'authentication',
        realm: [],
        action: { webauthn_x: 'y', push_wait: 20 },
      },
      {
        name: 'limited',
        scope: 'authentication',
        realm: [],
        conditions: [['x']],
        action: { push_wait: 5 },
      },
      { name: 'elsewhere', scope: 'webui', realm: [], action: { logout_time: 3 } },
    ],
  }

  it('says first what would become of it, and changes nothing', async () => {
    const dry = await upload(admin, '/migration/privacyidea?dry_run=true', JSON.stringify(file))
    expect([dry.status, dry.value]).toEqual([200, { n_imported: 6, n_not_imported: 10 }])
    expect(await tokenRow('PI000001')).toBeUndefined()
    expect(await d.db.select().from(people).where(eq(people.username, 'clara'))).toEqual([])
    expect((await admin.call('GET', '/policy/push text')).envelope.result.value).toEqual([])
    const wet = await load(file)
    expect(wet.rows).toEqual(dry.rows)
    expect(await tokenRow('PI000001')).toBeDefined()
  })

  it('told of every entry', async () => {
    const { rows, text } = await load(file)
    const said = rows.map(({ serial, user, policy, outcome, why }) => [
      serial ?? user ?? policy,
      why ?? outcome,
    ])
    expect(said).toEqual([
      ['clara', 'already there'],
      ['Robert', 'already there'],
      ['lost', "there is no realm 'nowhere': make it first"],
      ['back\\slash', 'the username has a backslash, control characters, or more than 255'],
      ['PI000001', 'already there'],
      ['PI000002', 'already there'],
      ['PI000003', 'a push token is bound to its server: enrol the device here'],
      ['PI000004', 'there is no key in it (otpkey)'],
      ['PI000005', 'there is no user nobody in the realm default: make the user first'],
      ['PI000006', 'its enrolment was not finished (clientwait)'],
      ['PI000007', 'already there'],
      ['PI999999', 'a PIN, but no token of this serial in the file'],
      ['limited', expect.stringContaining('it is limited by conditions')],
      ['push text', 'already there'],
      ['foreign', expect.stringMatching(/'webauthn_x' is no action.*; skip_invalid=1 takes/)],
      ['elsewhere', expect.stringContaining('scope')],
    ])
    expect(text).not.toMatch(/argon2|pbkdf2|SSHA|3132333435/)
  })

  it('works as it did: PIN and code, counters, failures, switched off', async () => {
    const row = await tokenRow('PI000002')
    expect(row).toMatchObject({ type: 'hotp', counter: 12, failCount: 3, realm: 'default' })
    expect(await tokenRow('PI000007')).toMatchObject({
      active: false,
      hashlib: 'sha256',
      timeStep: 60,
    })
    const now = Date.now()
    expect(await passes({ user: 'clara', pass: totpAt(now) })).toBe('REJECT')
    expect(await passes({ user: 'clara', pass: `1235${totpAt(now)}` })).toBe('REJECT')
    expect(await passes({ user: 'clara', pass: `1234${totpAt(now)}` })).toBe('ACCEPT')
    expect(await passes({ user: 'clara', pass: `1234${totpAt(now)}` })).toBe('REJECT')
    expect(await passes({ user: 'robert', pass: `1234${hotpAt(11)}` })).toBe('REJECT')
    expect(await passes({ user: 'robert', pass: `1234${hotpAt(12)}` })).toBe('ACCEPT')
  })

  it('has a hash of ours in place of the old one, once the PIN was right', async () => {
    expect((await tokenRow('PI000001'))?.pinHash).toMatch(/^scrypt\$/)
    const later = totpAt(Date.now() + 30_000)
    expect(await passes({ user: 'clara', pass: `4321${later}` })).toBe('REJECT')
    expect(await passes({ user: 'clara', pass: `1234${later}` })).toBe('ACCEPT')
  })

  it('keeps passwords that can be checked, and none that cannot', async () => {
    const all = await d.db.select().from(people)
    const clara = all.find(({ username }) => username === 'clara')
    expect(clara).toMatchObject({ email: 'clara@example.org', mobile: '1', resolver: 'local' })
    const context = await contextHere()
    expect(await matchesKept(context, '1234', clara?.passwordHash ?? '')).toBe(true)
    expect(await matchesKept(context, '12345', clara?.passwordHash ?? '')).toBe(false)
    expect(all.find(({ username }) => username === 'Robert')?.passwordHash).toBeNull()
  })

  it('brings policies as they were, and those with foreign actions only by word', async () => {
    const { envelope } = await admin.call('GET', '/policy/push text')
    expect(envelope.result.value).toEqual([
      expect.objectContaining({
        active: false,
        priority: 3,
        realm: ['default'],
        action: { push_text_on_mobile: 'Hello {user}' },
      }),
    ])
    const policy = { ...file.policy[1], active: false }
    const skipped = await load({ policy: [policy] }, { skip_invalid: '1' })
    expect(skipped.rows[0]).toMatchObject({
      outcome: 'taken',
      why: 'without what is not known here: webauthn_x',
    })
    const other = await load({ policy: { foreign: { ...policy, action: { push_wait: 21 } } } })
    expect(other.rows[0]?.why).toContain('another policy of this name')
  })
})

describe('a PIN', () => {
  it('that nobody can check lets nobody in, until there is another', async () => {
    const sent = await load({
      tokens: [exported('NOPIN001'), exported('NOPIN002'), exported('NOPIN003')],
      pins: [
        { serial: 'NOPIN001', pin_hash: vectors.bcrypt },
        { serial: 'NOPIN002', pin_hash: '@@00ff' },
      ],
    })
    expect(sent.rows.map(({ outcome }) => outcome)).toEqual(['taken', 'taken', 'taken'])
    for (const { serial, why } of sent.rows) {
      expect(why).toMatch(/^its PIN is not taken, set a new one: /)
      const code = totpAt(Date.now())
      for (const pass of [code, `1234${code}`, `lost${code}`, `legacy.lost${code}`])
        expect(await passes({ serial, pass })).toBe('REJECT')
    }
    await admin.call('POST', '/token/setpin', { serial: 'NOPIN001', otppin: '77' })
    await admin.call('POST', '/token/reset', { serial: 'NOPIN001' })
    expect(await passes({ serial: 'NOPIN001', pass: `77${totpAt(Date.now())}` })).toBe('ACCEPT')
  })

  it('is not left out by mistake: tokens without PINs come only by word', async () => {
    const file = [exported('WORD0001')]
    const refused = await load(file)
    expect([refused.status, refused.error?.code]).toEqual([400, 905])
    expect(refused.error?.message).toContain('pins=none')
    expect((await load(file, { pins: 'none' })).rows[0]?.outcome).toBe('taken')
    expect(await passes({ serial: 'WORD0001', pass: totpAt(Date.now()) })).toBe('ACCEPT')
  })

  it('that is empty is hashed by privacyIDEA as well, and works', async () => {
    await load({
      tokens: [exported('EMPTY001')],
      pins: [{ serial: 'EMPTY001', pin_hash: vectors.argon2idEmpty }],
    })
    expect(await passes({ serial: 'EMPTY001', pass: `1${totpAt(Date.now())}` })).toBe('REJECT')
    expect(await passes({ serial: 'EMPTY001', pass: totpAt(Date.now()) })).toBe('ACCEPT')
    expect((await tokenRow('EMPTY001'))?.pinHash).toBeNull()
  })
})

describe('a file of privacyIDEA', () => {
  /** Made by Python's cryptography: Fernet(key).encrypt(…), of a list with one HOTP token. */
  const key = 'vNksjAxpwUgYjgE-sCZoMv00Bnu-gY14L14tCiLuAho='
  const sealed =
    'gAAAAABrBXDk4HoRhWcpY-f2OLKqIou1x2Vj8MW_jFq3c43USqeJ5QGEVU9w-uJ2saBccDWZQ4CF9ZOHF7kC6tQidg4s8e-pDixBsDojSi1u4umM1XFNFj32fNPJ70NFzDiQWpsdyJkh-uRo0bvsHCjNxjQ8aFJvnzv0rL3yZgDpLzvfWRyy6aLHf7-OvYtxcrVdBLHKk0ZCRrkfHkgig3qbkE-p9RtWhR-yQBbWgm6zJ2FMqrnfspRMDYGfToRW2JFnnzpNc7-0UuKI_XvqMf0wUxabsro-5S02fJLqzDqBe_1jyzqAvCwellDHltEAqXZEZfxkRkNeSwFkWTvTJPeOFgwKlyzdph2X5iTGIrMBfgcFzlIB-Bo='

  it('is opened with the key that the token janitor printed', async () => {
    const wrong = await load(sealed, { key: key.replace(/./, 'A'), pins: 'none' })
    expect([wrong.status, wrong.error?.code]).toEqual([400, 304])
    expect((await load(sealed, { pins: 'none' })).error?.message).toBe(
      "ERR905: Missing parameter: 'key'",
    )
    expect((await load(sealed, { key: 'x', pins: 'none' })).error?.code).toBe(905)
    const pins = JSON.stringify([{ serial: 'FERNET01', pin_hash: vectors.pbkdf2Sha512 }])
    const right = await load(sealed, { key, pins })
    expect(right.rows).toEqual([{ row: 1, serial: 'FERNET01', outcome: 'taken' }])
    expect(await passes({ serial: 'FERNET01', pass: hotpAt(3) })).toBe('REJECT')
    expect(await passes({ serial: 'FERNET01', pass: `1234${hotpAt(4)}` })).toBe('ACCEPT')
  })

  it('may be an answer of its API, or a list', async () => {
    const people = { result: { value: [{ username: 'frieda', userid: '7' }] } }
    expect((await load(people)).rows).toEqual([{ row: 1, user: 'frieda', outcome: 'taken' }])
    const policies = [
      {
        name: 'listed',
        scope: 'authentication',
        active: false,
        realm: [],
        action: { push_wait: 9 },
      },
    ]
    expect((await load(policies)).rows[0]).toMatchObject({ policy: 'listed', outcome: 'taken' })
  })

  it.each([
    ['- serial: X\n  type: totp', 'The file is YAML. Make it JSON: python3'],
    ["{'policy': []}", 'pi-manage config export -f json'],
    ['{', 'is not JSON'],
    ['7', 'neither a list nor an object'],
    ['{"event": []}', 'none of: tokens, pins, users, policy'],
    ['[{"a": 1}]', 'neither serials'],
    ['{"tokens": [1, null, [], "x"]}', 'none'],
  ])('%s is refused, or all of it is left', async (file, said) => {
    const { status, error, rows } = await load(file)
    if (status === 400) expect(error?.message).toContain(said)
    else expect(rows.map(({ outcome }) => outcome)).toEqual(['left', 'left', 'left', 'left'])
  })

  it('asks for the rights that its entries would need one by one', async () => {
    const file = {
      users: [{ username: 'rights' }],
      policy: [
        {
          name: 'rights',
          scope: 'authentication',
          active: false,
          realm: [],
          action: { push_wait: 9 },
        },
      ],
      tokens: [exported('RIGHTS01')],
      pins: [],
    }
    const all = ['enrol', 'tokens', 'people', 'settings'] as const
    for (const missing of all) {
      const some = await d.newApplication(
        missing,
        all.filter((right) => right !== missing),
      )
      const refused = await upload(some, '/migration/privacyidea', JSON.stringify(file))
      expect([refused.status, refused.error?.code]).toEqual([403, 303])
      expect(refused.error?.message).toContain(`'${missing}'`)
    }
    expect(await tokenRow('RIGHTS01')).toBeUndefined()
    const enough = await d.newApplication('Enough', all)
    const done = await upload(enough, '/migration/privacyidea', JSON.stringify(file))
    expect(done.value).toEqual({ n_imported: 3, n_not_imported: 0 })
  })

  it('obeys what policies grant an administrator: importtokens, and what each kind of entry needs', async () => {
    const { envelope } = await admin.auth('admin', adminPassword)
    const { token } = envelope.result.value as { token: string }
    const session = admin.as({ token })
    const grant = (action: string) =>
      admin.call('POST', '/policy/grants', { scope: 'admin', realm: '', action })
    const sent = (path: string, file: string, fields = {}) => upload(session, path, file, fields)
    const list = `GRANT001, ${otpSeed}`
    const both = JSON.stringify({
      users: [{ username: 'granted' }],
      tokens: [exported('GRANT002')],
      pins: [],
    })
    await grant('tokenlist')
    for (const [path, file] of [
      ['/token/load', list],
      ['/migration/privacyidea', both],
      ['/migration/netscaler', 'uid,userParameters'],
    ] as const) {
      const refused = await sent(path, file, { type: 'oathcsv' })
      expect([refused.status, refused.error?.code]).toEqual([403, 303])
      expect(refused.error?.message).toContain('importtokens')
    }
    await grant('importtokens')
    expect((await sent('/token/load', list, { type: 'oathcsv' })).rows[0]?.outcome).toBe('taken')
    expect((await sent('/migration/privacyidea', both)).error?.message).toContain('adduser')
    expect(await tokenRow('GRANT002')).toBeUndefined()
    await grant('importtokens, adduser')
    expect((await sent('/migration/privacyidea', both)).value).toMatchObject({ n_imported: 2 })
    await admin.call('DELETE', '/policy/grants')
  })

  it('is in the audit trail, entry by entry, and no secret with it', async () => {
    const rows = await d.db.select().from(audit).where(eq(audit.action, 'migration'))
    for (const about of ['PI000001', 'RIGHTS01'])
      expect(rows.some(({ serial }) => serial === about)).toBe(true)
    expect(rows.some(({ user }) => user === 'clara')).toBe(true)
    expect(JSON.stringify(rows)).not.toMatch(/argon2|pbkdf2|3132333435/)
  })

  it('is in force when it is answered, also for whoever was asked for while it was loaded', async () => {
    const session = Object.getPrototypeOf(env.DB.withSession()) as {
      _send(path: string, query: string | string[], ...given: unknown[]): Promise<unknown>
    }
    const send = session._send
    const early: unknown[] = []
    vi.spyOn(session, '_send').mockImplementation(async function (
      this: unknown,
      ...given: Parameters<typeof send>
    ) {
      if ([given[1]].flat().some((query) => query.startsWith('insert into tokens')))
        early.push(await passes({ user: 'between', pass: totpAt(Date.now()) }))
      return send.apply(this, given)
    })
    const file = {
      users: [{ username: 'between' }],
      tokens: [exported('BETWEEN1', { user: { login: 'between', realm: 'default' } })],
    }
    const { value } = await load(file, { pins: 'none' })
    vi.restoreAllMocks()
    expect(value).toEqual({ n_imported: 2, n_not_imported: 0 })
    // Nobody was called so before all was there.
    expect(early).toEqual([undefined])
    expect(await passes({ user: 'between', pass: totpAt(Date.now()) })).toBe('ACCEPT')
  })

  it.each([
    ['who joins', 'first', 'second'],
    ['who was there', 'second', 'first'],
  ])('gives a token to %s, where theirs is the first resolver of the realm', async (who, a, b) => {
    const named = (name: string) => `${name}-${who.replaceAll(' ', '-')}`
    const [joins, was] = [named(a), named(b)]
    for (const resolver of [joins, was])
      await admin.call('POST', `/resolver/${resolver}`, { type: 'local' })
    const realm = named('both')
    await admin.call('POST', `/realm/${realm}`, {
      resolvers: [joins, was],
      [`priority.${named('first')}`]: 1,
      [`priority.${named('second')}`]: 2,
    })
    expect((await admin.call('POST', '/user/', { user: 'twin', resolver: was })).status).toBe(200)
    const serial = `TWIN${a.toUpperCase()}`
    const file = {
      users: [{ username: 'Twin', resolver: joins }],
      tokens: [exported(serial, { user: { login: 'twin', realm } })],
    }
    const { value } = await load(file, { pins: 'none' })
    expect(value).toEqual({ n_imported: 2, n_not_imported: 0 })
    const all = await d.db.select().from(people).where(eq(people.usernameKey, 'twin'))
    const meant = all.find(({ resolver }) => resolver === named('first'))
    expect((await tokenRow(serial))?.person).toBe(meant?.id)
    expect(await passes({ user: 'twin', realm, pass: totpAt(Date.now()) })).toBe('ACCEPT')
  })

  it('of a thousand people with a token each takes few statements', async () => {
    const name = (index: number) => `thousand${index}`
    const each = <T>(of: (index: number) => T) => Array.from({ length: 1000 }, (_, n) => of(n))
    const file = {
      users: each((n) => ({ username: name(n) })),
      tokens: each((n) => exported(`THOU${n}`, { user: { login: name(n) } })),
      pins: each((n) => ({ serial: `THOU${n}`, pin_hash: vectors.argon2idSmall })),
    }
    const { given, cost } = await costOf(d, () => load(file))
    expect(given.value).toEqual({ n_imported: 2000, n_not_imported: 0 })
    expect(cost.d1).toBeLessThan(40)
    // They are new as well, so no object can hold anything about them.
    expect(cost.objects).toBe(0)
    expect(await passes({ user: name(999), pass: `1234${totpAt(Date.now())}` })).toBe('ACCEPT')
  })
})
