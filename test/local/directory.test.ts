/**
 * People in a directory: two real slapds with TLS, asked by the Worker itself. What a login needs of them, what must not be
 * possible, and what happens when they fail.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import type { Deployment } from '../support/deployment.ts'
import { addPasskey } from '../support/passkey.ts'
import {
  type Slapd,
  hasSlapd,
  inetOrgPerson,
  peopleBase,
  reader,
  startSlapd,
} from '../support/slapd.ts'
import { privateAuthority } from '../support/tls.ts'
import { until } from '../support/until.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'

const hostile = ['star*', 'paren)(uid=*', 'back\\slash', 'comma, plus+quote"', 'Zoë #1 <Ünï>']
const guid = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
const guidInBase64 = Buffer.from('ff19966f868b11d0b42d00c04fc964ff', 'hex')

describe.skipIf(!hasSlapd())('a directory', () => {
  let slapd: Slapd
  let second: Slapd
  let stranger: Slapd
  let d: Deployment
  let admin: Application
  let folder = ''

  const parameters = (more: object = {}) => ({
    type: 'ldapresolver',
    LDAPURI: `${slapd.uri}, ${second.uri}`,
    LDAPBASE: peopleBase,
    BINDDN: reader.dn,
    BINDPW: reader.password,
    LOGINNAMEATTRIBUTE: 'uid, mail',
    LDAPSEARCHFILTER: '(objectClass=inetOrgPerson)',
    USERINFO: '{"username":"uid","givenname":"givenName","surname":"sn","email":"mail"}',
    UIDTYPE: 'entryUUID',
    CACHE_TIMEOUT: '0',
    TIMEOUT: '2',
    SERVERPOOL_SKIP: '0',
    SIZELIMIT: '20000',
    ...more,
  })

  async function must(method: string, path: string, body?: object) {
    const { status, envelope } = await admin.call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope)}`)
    return envelope
  }
  /** A realm and a resolver of one name. */
  async function realm(name: string, more: object = {}): Promise<void> {
    await must('POST', `/resolver/${name}`, parameters(more))
    await must('POST', `/realm/${name}`, { resolvers: name })
    await must('POST', `/policy/${name}`, {
      scope: 'authentication',
      realm: name,
      action: { otppin: 'userstore' },
    })
  }
  async function device(user: string, of: string): Promise<VirtualDevice> {
    const asked = { type: 'push', genkey: 1, user, realm: of }
    const invitation = (await must('POST', '/token/init', asked)).detail!.enrolment_url!
    return enrol({ origin: d.url, fetch }, { invitation, deviceName: 'Pixel' })
  }
  const check = async (user: string, pass: string, of: string, more: object = {}) =>
    (await d.application.check({ user, pass, realm: of, ...more })).envelope
  const outcome = async (...given: Parameters<typeof check>) => {
    const { result } = await check(...given)
    return result.authentication ?? result.error?.code
  }
  async function login(phone: VirtualDevice, user: string, pass: string, of: string) {
    const { detail } = await check(user, pass, of)
    const open = await phone.list()
    await phone.approve(open.at(-1)!, detail!.presence_answer)
    return outcome(user, '', of, { transaction_id: detail!.transaction_id })
  }
  const test = async (more: object) => {
    const { result, detail } = await must('POST', '/resolver/test', parameters(more))
    return [result.value, (detail as { description?: string } | null)?.description]
  }

  beforeAll(async () => {
    const authority = privateAuthority()
    const people = [
      ...['anna', 'bert', 'carl', 'dora', 'emil', 'fred', 'gina'].map((uid) => inetOrgPerson(uid)),
      inetOrgPerson('expired', { pwdChangedTime: '20200101000000Z' }),
      inetOrgPerson('mustchange', { pwdReset: 'TRUE' }),
      {
        ...inetOrgPerson('winnie'),
        objectClass: ['inetOrgPerson', 'adPerson'],
        sAMAccountName: 'winnie',
        objectGUID: guidInBase64,
        userAccountControl: '512',
      },
      ...hostile.map((uid) => ({
        ...inetOrgPerson(uid),
        dn: `cn=${uid.replaceAll(/[\\,+"<>#]/g, (one) => `\\${one}`)},${peopleBase}`,
        mail: 'someone@example.org',
      })),
    ]
    const many = Array.from({ length: 10_000 }, (_, at) => inetOrgPerson(`p${at}`))
    slapd = await startSlapd(authority, [...people, ...many])
    second = await startSlapd(authority, people)
    stranger = await startSlapd(privateAuthority(), people)
    folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'))
    writeFileSync(join(folder, 'ca.pem'), authority.ca)
    // miniflare reads it when it is loaded.
    process.env.NODE_EXTRA_CA_CERTS = join(folder, 'ca.pem')
    const { startDeployment } = await import('../support/deployment.ts')
    d = await startDeployment()
    admin = await d.administrator()
    await realm('company')
  })
  afterAll(async () => {
    await d?.remove()
    for (const one of [slapd, second, stranger]) await one?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it('is tried before it is kept, and says what is wrong', async () => {
    expect(await test({})).toEqual([true, expect.stringContaining('more than 100 people')])
    expect(await test({ BINDPW: 'not it' })).toEqual([false, expect.stringContaining('BINDDN')])
    // Nobody vouches for this one's certificate.
    expect(await test({ LDAPURI: stranger.uri })).toEqual([false, expect.any(String)])
    const { status, envelope } = await admin.call(
      'POST',
      '/resolver/test',
      parameters({ LDAPURI: slapd.plainUri }),
    )
    expect([status, envelope.result.error?.message]).toEqual([
      400,
      expect.stringContaining('must begin with ldaps://'),
    ])
  })

  it('keeps its password to itself, and for its own servers', async () => {
    await must('POST', '/resolver/kept', parameters())
    const { result } = await must('GET', '/resolver/kept')
    expect(JSON.stringify(result)).not.toContain(reader.password)
    expect(result.value).toMatchObject({
      kept: { censor_keys: ['BINDPW'], data: { BINDPW: '__CENSORED__', Editable: false } },
    })
    const again = { type: 'ldapresolver', BINDPW: '__CENSORED__', resolver: 'kept' }
    expect((await must('POST', '/resolver/test', again)).result.value).toBe(true)
    const elsewhere = { ...again, LDAPURI: stranger.uri }
    for (const path of ['/resolver/test', '/resolver/kept'])
      expect((await admin.call('POST', path, elsewhere)).status).toBe(400)
    expect((await must('POST', '/resolver/test', again)).result.value).toBe(true)
  })

  it('lets people in by password, push and approval, asked back or waited for', async () => {
    const phone = await device('anna', 'company')
    expect(await login(phone, 'ANNA', 'password of anna', 'company')).toBe('ACCEPT')
    // By another of their names too, and it is the same person.
    expect(await login(phone, 'anna@example.org', 'password of anna', 'company')).toBe('ACCEPT')
    await must('POST', '/policy/waits', {
      scope: 'authentication',
      realm: 'company',
      action: { push_wait: 20 },
    })
    const waiting = outcome('anna', 'password of anna', 'company')
    await phone.approve(await until('the push', async () => (await phone.list()).at(-1)))
    expect(await waiting).toBe('ACCEPT')
    await must('DELETE', '/policy/waits')
  })

  it('rings nobody for a password that is wrong, empty, expired or to be changed first', async () => {
    for (const [user, pass] of [
      ['bert', 'password of anna'],
      ['bert', ''],
      ['expired', 'password of expired'],
      ['mustchange', 'password of mustchange'],
    ] as const) {
      const phone = await device(user, 'company')
      expect([user, await outcome(user, pass, 'company')]).toEqual([user, 'REJECT'])
      expect(await phone.list()).toEqual([])
    }
    expect(await outcome('bert', 'password of bert', 'company')).toBe('CHALLENGE')
  })

  it('finds people of hostile names, and them alone', async () => {
    for (const user of hostile) {
      const phone = await device(user, 'company')
      expect(await login(phone, user, `password of ${user}`, 'company')).toBe('ACCEPT')
    }
    for (const nobody of ['*', 'a*', 'anna)(uid=*', '\\61nna', 'someone@example.org'])
      expect([nobody, await outcome(nobody, 'password of anna', 'company')]).toEqual([nobody, 904])
  })

  it('asks nobody who is disabled or gone there, by serial neither, until they are back', async () => {
    await realm('windows', { UIDTYPE: 'objectGUID', LOGINNAMEATTRIBUTE: 'sAMAccountName' })
    await must('POST', '/policy/open', {
      scope: 'authentication',
      realm: 'windows',
      action: { passOnNoUser: true },
    })
    const phone = await device('winnie', 'windows')
    const passkey = await addPasskey(admin, d.url, { user: 'winnie', realm: 'windows' })
    const byPasskey = async () => {
      const { result, detail } = (await passkey.login(d.application)).envelope
      return [result.authentication, detail?.['username'] ?? detail?.message]
    }
    const trigger = async () => {
      const asked = await d.application.call('POST', '/validate/triggerchallenge', {
        serial: phone.serial,
      })
      return asked.envelope.result.value
    }
    const list = await must('GET', '/user/?realm=windows&username=winnie')
    expect(list.result.value).toMatchObject([{ userid: guid, editable: false }])
    const set = (value: string) =>
      slapd.modify(
        `dn: uid=winnie,${peopleBase}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: ${value}\n`,
      )
    set('514')
    expect(await outcome('winnie', 'password of winnie', 'windows')).toBe(904)
    expect(await trigger()).toBe(0)
    expect(await phone.list()).toEqual([])
    const nobody = 'No user found for the token with the given credential ID!'
    expect(await byPasskey()).toEqual(['REJECT', nobody])
    set('512')
    expect(await byPasskey()).toEqual(['ACCEPT', 'winnie'])
    expect(await trigger()).toBe(1)
    await phone.decline((await phone.list())[0]!)
    expect(await login(phone, 'winnie', 'password of winnie', 'windows')).toBe('ACCEPT')
    const gone = await device('gina', 'company')
    slapd.modify(`dn: uid=gina,${peopleBase}\nchangetype: delete\n`)
    expect(await outcome('gina', 'password of gina', 'company')).toBe(904)
    expect(await outcome('', '', '', { serial: gone.serial, user: undefined })).toBe(601)
  })

  it('lets in who has no token, where a policy says so: with the password, or without', async () => {
    const policy = (action: object) =>
      must('POST', '/policy/without', { scope: 'authentication', realm: 'company', action })
    expect(await outcome('carl', 'password of carl', 'company')).toBe('REJECT')
    await policy({ passthru: true })
    expect(await outcome('carl', 'not it', 'company')).toBe('REJECT')
    expect(await outcome('carl', '', 'company')).toBe('REJECT')
    expect(await outcome('carl', 'password of carl', 'company')).toBe('ACCEPT')
    await must('DELETE', '/policy/without')
    await policy({ passOnNoToken: true })
    expect(await outcome('carl', 'whatever', 'company')).toBe('ACCEPT')
    await must('DELETE', '/policy/without')
  })

  it('keeps the tokens of who is renamed, and gives none of them to who gets the name', async () => {
    const phone = await device('dora', 'company')
    slapd.modify(
      `dn: uid=dora,${peopleBase}\nchangetype: modrdn\nnewrdn: uid=dorothea\ndeleteoldrdn: 1\n`,
    )
    expect(await login(phone, 'dorothea', 'password of dora', 'company')).toBe('ACCEPT')
    slapd.modify(
      `dn: uid=dora,${peopleBase}\nobjectClass: inetOrgPerson\nuid: dora\ncn: dora\nsn: Other\nuserPassword: other\n`.replace(
        '\n',
        '\nchangetype: add\n',
      ),
    )
    const { detail } = await check('dora', 'other', 'company')
    expect(detail?.message).toBe('The user has no tokens assigned')
    expect(await login(phone, 'dorothea', 'password of dora', 'company')).toBe('ACCEPT')
  })

  it('finds ten thousand people, page by page, and says where SIZELIMIT cut them', async () => {
    const all = await must('GET', '/user/?realm=company')
    const people = all.result.value as { username: string }[]
    expect(people.length).toBe(10_000)
    const page = await must('GET', '/user/?realm=company&username=p99*&page=2&pagesize=100')
    expect(page.detail).toMatchObject({ count: 111 })
    expect(page.result.value).toHaveLength(11)
    await must('POST', '/resolver/few', parameters({ SIZELIMIT: '50' }))
    const few = await must('GET', '/user/?resolver=few')
    expect([(few.result.value as object[]).length, few.detail]).toEqual([
      50,
      expect.objectContaining({ cut: ['few'] }),
    ])
  })

  it('is asked in its place among the resolvers of a realm, and is changed by nobody here', async () => {
    await must('POST', '/resolver/own', { type: 'local' })
    await must('POST', '/user/', { user: 'emil', resolver: 'own', password: 'own' })
    await must('POST', '/user/', { user: 'olga', resolver: 'own', password: 'own' })
    await must('POST', '/policy/mixed', {
      scope: 'authentication',
      realm: 'mixed',
      action: { passthru: true },
    })
    const order = (company: number, own: number) =>
      must('POST', '/realm/mixed', {
        resolvers: 'company,own',
        'priority.company': company,
        'priority.own': own,
      })
    await order(1, 2)
    expect(await outcome('emil', 'own', 'mixed')).toBe('REJECT')
    expect(await outcome('emil', 'password of emil', 'mixed')).toBe('ACCEPT')
    expect(await outcome('olga', 'own', 'mixed')).toBe('ACCEPT')
    await order(2, 1)
    expect(await outcome('emil', 'password of emil', 'mixed')).toBe('REJECT')
    expect(await outcome('emil', 'own', 'mixed')).toBe('ACCEPT')
    for (const [method, path, body] of [
      ['POST', '/user/', { user: 'new', resolver: 'company' }],
      ['PUT', '/user/', { user: 'anna', resolver: 'company', email: 'a@example.org' }],
      ['DELETE', '/user/company/anna', undefined],
    ] as const)
      expect((await admin.call(method, path, body)).status).toBe(400)
  })

  it('fails over to the next server, and lets nobody in when none answers', async () => {
    const phone = await device('fred', 'company')
    await slapd.kill()
    // entryUUID is another there: the servers of this test are no replicas of each other.
    await must('POST', '/resolver/company', parameters({ UIDTYPE: 'DN' }))
    const again = await device('fred', 'company')
    expect(await login(again, 'fred', 'password of fred', 'company')).toBe('ACCEPT')
    second.freeze()
    const { status, envelope } = await d.application.check({
      user: 'fred',
      pass: 'password of fred',
      realm: 'company',
    })
    expect([status, envelope.result.status]).toEqual([503, false])
    // Nor is a later resolver asked in its stead: whoever has the name there may be somebody else.
    await must('POST', '/realm/mixed', {
      resolvers: 'company,own',
      'priority.company': 1,
      'priority.own': 2,
    })
    expect(await outcome('olga', 'own', 'mixed')).toBe(905)
    second.thaw()
    expect(await login(again, 'fred', 'password of fred', 'company')).toBe('ACCEPT')
    expect(await phone.list()).toEqual([])
    await slapd.start()
  })
})
