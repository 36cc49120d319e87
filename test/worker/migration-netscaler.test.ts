/** /migration/netscaler: the devices that NetScaler wrote into a directory's attribute. What must not work ends by working. */
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokens } from '../../schema/tables.ts'
import type { Application } from '../support/application.ts'
import { upload } from '../support/upload.ts'
import { type Deployment, deployment } from './deployment.ts'
import { totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Migration')
})

const passes = async (parameters: object) =>
  (await admin.check(parameters)).envelope.result.authentication
const tokenRow = async (serial: string) =>
  (await d.db.select().from(tokens).where(eq(tokens.serial, serial)))[0]

describe("NetScaler's attribute", () => {
  const base32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  const short = 'JBSWY3DPEHPK3PXP'
  const send = (file: string, fields: Record<string, string> = {}) =>
    upload(admin, '/migration/netscaler', file, fields)
  const encrypted = JSON.stringify({ otpdata: { devices: { Phone: 'a2lk.aXY=.Y2lwaGVy' } } })

  it('becomes a TOTP token for each device, and says what is not', async () => {
    await d.person('net1')
    await d.person('net2')
    const file = [
      '#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser',
      '"sAMAccountName","userParameters"',
      `"net1","#@Phone=${base32}&tag=8f6a&,Büro Tablet=${short}&tag=9&,"`,
      `"net2","#@Key=${base32}&,"`,
      `"net3","#@Phone=${base32}&,"`,
      '"net1",""',
      `"net2","${encrypted.replaceAll('"', '""')}"`,
      '"net2","CtxCfgPresent"',
      '"net2","#@Phone=not base32!&,"',
      '"net2","#@Phone=MFRGG&,"',
    ].join('\r\n')
    const dry = await upload(admin, '/migration/netscaler?dry_run=1', file)
    const sent = await send(file)
    expect(sent.rows).toEqual(dry.rows)
    expect(sent.value).toEqual({ n_imported: 3, n_not_imported: 6 })
    expect(sent.rows.map(({ row, why, outcome }) => [row, why ?? outcome])).toEqual([
      [3, 'taken'],
      [3, 'its key has 80 bits only: enrol it again soon'],
      [4, 'taken'],
      [5, 'there is no user net3 in the realm default: make the user first'],
      [6, 'no device is registered'],
      [7, expect.stringMatching(/^encrypted by NetScaler \(Phone\): decrypt the attribute first/)],
      [8, 'the value is none of NetScaler: it does not begin with #@'],
      [9, 'device Phone: the key is neither hexadecimal nor base32'],
      [10, 'device Phone: the key is shorter than 10 bytes'],
    ])
    expect(await passes({ user: 'net1', pass: totpAt(Date.now()) })).toBe('ACCEPT')
    const serial = sent.rows[1]?.serial ?? ''
    expect(await tokenRow(serial)).toMatchObject({ description: 'Büro Tablet', otpLength: 6 })
    expect(sent.text).not.toContain(base32)
    const again = await send(file)
    expect(again.value).toEqual({ n_imported: 0, n_not_imported: 9 })
    expect(again.rows[0]?.outcome).toBe('already there')
    const other = await send(file.replace(base32, 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U'))
    expect(other.rows[0]?.why).toContain('its key is not this one')
  })

  it('is read from LDIF as well, folded and in base64', async () => {
    await d.person('ldif1')
    await d.person('ldif2')
    const value = `#@Täblet=${base32}&tag=1&,`
    const bytes = btoa(String.fromCharCode(...new TextEncoder().encode(value)))
    const file = [
      '# extended LDIF',
      'dn: CN=One,DC=example,DC=org',
      'sAMAccountName: ldif1',
      `userParameters: #@Phone=${base32.slice(0, 10)}`,
      ` ${base32.slice(10)}&tag=1&,`,
      '',
      'dn: CN=Two,DC=example,DC=org',
      'sAMAccountName: ldif2',
      `userParameters:: ${bytes}`,
      '',
    ].join('\n')
    const sent = await send(file)
    expect(sent.rows.map(({ row, user, outcome }) => [row, user, outcome])).toEqual([
      [2, 'ldif1', 'taken'],
      [7, 'ldif2', 'taken'],
    ])
    expect(await passes({ user: 'ldif2', pass: totpAt(Date.now()) })).toBe('ACCEPT')
  })

  it('is looked for where it is said to be, and nowhere else', async () => {
    const file = `userPrincipalName,extensionAttribute9\nnet2@default,#@Pad=${short}&,`
    const lost = await send(file)
    expect([lost.status, lost.error?.code]).toEqual([400, 304])
    expect(lost.error?.message).toContain('and userParameters')
    const found = await send(file, { attribute: 'extensionAttribute9' })
    expect(found.rows[0]).toMatchObject({ user: 'net2@default', outcome: 'taken' })
  })

  it('asks for both rights', async () => {
    const file = `uid,userParameters\nnet2,#@Later=${base32}&,`
    const half = await d.newApplication('Half', ['enrol'])
    expect((await upload(half, '/migration/netscaler', file)).status).toBe(403)
    const both = await d.newApplication('Both', ['enrol', 'tokens'])
    expect((await upload(both, '/migration/netscaler', file)).rows[0]?.outcome).toBe('taken')
  })
})
