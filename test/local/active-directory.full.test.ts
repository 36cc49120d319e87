/** People in an Active Directory (Samba's): its names, its object ids, its ways of keeping somebody out, its pages. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import type { Deployment } from '../support/deployment.ts'
import {
  type ActiveDirectory,
  hasSamba,
  lockedAfter,
  passwordOf,
  reader,
  startSamba,
  suffix,
} from '../support/samba.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'

describe.skipIf(!hasSamba())('an Active Directory', () => {
  let directory: ActiveDirectory
  let d: Deployment
  let admin: Application
  let folder = ''

  async function must(method: string, path: string, body?: object) {
    const { status, envelope } = await admin.call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope)}`)
    return envelope
  }
  async function device(user: string): Promise<VirtualDevice> {
    const asked = { type: 'push', genkey: 1, user, realm: 'ad' }
    const invitation = (await must('POST', '/token/init', asked)).detail!.enrolment_url!
    return enrol({ origin: d.url, fetch }, { invitation, deviceName: 'Pixel' })
  }
  const check = async (user: string, pass: string, more: object = {}) =>
    (await d.application.check({ user, pass, realm: 'ad', ...more })).envelope
  const outcome = async (...given: Parameters<typeof check>) => {
    const { result } = await check(...given)
    return result.authentication ?? result.error?.code
  }
  async function login(phone: VirtualDevice, user: string, pass: string) {
    const { detail } = await check(user, pass)
    await phone.approve((await phone.list()).at(-1)!, detail!.presence_answer)
    return outcome(user, '', { transaction_id: detail!.transaction_id })
  }

  beforeAll(async () => {
    directory = await startSamba()
    const names = ['anna', 'bert', 'carl', 'dora', 'emil', 'fred']
    await directory.add([
      ...names.map((name) => ({ name })),
      { name: 'mustchange', more: { pwdLastSet: '0' } },
    ])
    folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'))
    writeFileSync(join(folder, 'ca.pem'), directory.ca)
    // miniflare reads it when it is loaded.
    process.env.NODE_EXTRA_CA_CERTS = join(folder, 'ca.pem')
    const { startDeployment } = await import('../support/deployment.ts')
    d = await startDeployment()
    admin = await d.administrator()
    await must('POST', '/resolver/ad', {
      type: 'ldapresolver',
      LDAPURI: directory.uri,
      // The whole domain: a search there brings references to other parts of it, which nobody follows.
      LDAPBASE: suffix,
      BINDDN: reader.dn,
      BINDPW: reader.password,
      LOGINNAMEATTRIBUTE: 'sAMAccountName, userPrincipalName',
      LDAPSEARCHFILTER: '(&(objectCategory=person)(objectClass=user)(mail=*))',
      USERINFO:
        '{"username":"sAMAccountName","givenname":"givenName","surname":"sn","email":"mail"}',
      UIDTYPE: 'objectGUID',
      CACHE_TIMEOUT: '0',
      SIZELIMIT: '20000',
    })
    await must('POST', '/realm/ad', { resolvers: 'ad' })
    await must('POST', '/policy/ad', {
      scope: 'authentication',
      realm: 'ad',
      action: { otppin: 'userstore' },
    })
  })
  afterAll(async () => {
    await d?.remove()
    await directory?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it('lets people in by either of their names, with password, push and approval', async () => {
    const phone = await device('anna')
    expect(await login(phone, 'anna', passwordOf('anna'))).toBe('ACCEPT')
    expect(await login(phone, 'Anna@Example.org', passwordOf('anna'))).toBe('ACCEPT')
    const list = await must('GET', '/user/?realm=ad&username=anna')
    expect(list.result.value).toMatchObject([
      { userid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/), email: 'anna@example.org' },
    ])
  })

  it('rings nobody for a wrong password, or one that must be changed first', async () => {
    for (const [user, pass] of [
      ['bert', passwordOf('anna')],
      ['mustchange', passwordOf('mustchange')],
    ] as const) {
      const phone = await device(user)
      expect([user, await outcome(user, pass)]).toEqual([user, 'REJECT'])
      expect(await phone.list()).toEqual([])
    }
    await directory.modify('mustchange', 'replace: pwdLastSet\npwdLastSet: -1')
    expect(await outcome('mustchange', passwordOf('mustchange'))).toBe('CHALLENGE')
  })

  it('asks nobody whose account is disabled or over, by serial neither, until it is good again', async () => {
    const phone = await device('carl')
    const trigger = async () =>
      (await d.application.call('POST', '/validate/triggerchallenge', { serial: phone.serial }))
        .envelope.result.value
    for (const [attribute, barring, good] of [
      ['userAccountControl', '514', '512'],
      ['accountExpires', '131000000000000000', '0'],
    ]) {
      const set = (value: string) =>
        directory.modify('carl', `replace: ${attribute}\n${attribute}: ${value}`)
      await set(barring!)
      expect([attribute, await outcome('carl', passwordOf('carl'))]).toEqual([attribute, 904])
      expect([attribute, await trigger()]).toEqual([attribute, 0])
      expect(await phone.list()).toEqual([])
      await set(good!)
      expect(await trigger()).toBe(1)
      await phone.decline((await phone.list())[0]!)
    }
    expect(await login(phone, 'carl', passwordOf('carl'))).toBe('ACCEPT')
  })

  it('lets nobody guess on: the directory locks the account, and the right password helps no more', async () => {
    const phone = await device('dora')
    for (let guess = 0; guess < lockedAfter; guess++)
      expect(await outcome('dora', `guess ${guess}`)).toBe('REJECT')
    expect(await outcome('dora', passwordOf('dora'))).toBe('REJECT')
    expect(await phone.list()).toEqual([])
    await directory.modify('dora', 'replace: lockoutTime\nlockoutTime: 0')
    expect(await login(phone, 'dora', passwordOf('dora'))).toBe('ACCEPT')
  })

  it('knows by the object’s id who was renamed, and gives their device to nobody who gets the name', async () => {
    const phone = await device('emil')
    await directory.rename('emil', 'emilio')
    expect(await login(phone, 'emilio', passwordOf('emil'))).toBe('ACCEPT')
    await directory.add([{ name: 'emil' }])
    expect((await check('emil', passwordOf('emil'))).detail?.message).toBe(
      'The user has no tokens assigned',
    )
  })

  it('reads more people than stand on one page', async () => {
    await directory.add(Array.from({ length: 600 }, (_, at) => ({ name: `many${at}`, bare: true })))
    const page = await must('GET', '/user/?realm=ad&username=many*&page=6&pagesize=100')
    expect(page.detail).toMatchObject({ count: 600 })
    expect(page.result.value).toHaveLength(100)
  })
})
