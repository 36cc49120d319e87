/** POST /token/load: what is taken, what is left and why, that a file may come twice, and what a thousand rows cost. */
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { audit, tokens } from '../../schema/tables.ts'
import type { Application } from '../support/application.ts'
import { upload } from '../support/upload.ts'
import { type Deployment, costOf, deployment } from './deployment.ts'
import { hotpAt, otpSeed, secondSeed, totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Migration')
  await d.newRealm('branch')
})

const csv = { type: 'OATH CSV' }
const load = (file: string, fields: Record<string, string> = {}) =>
  upload(admin, '/token/load/tokens.csv', file, { ...csv, ...fields })
const passes = async (parameters: object) =>
  (await admin.check(parameters)).envelope.result.authentication
const tokenIn = async (serial: string) => {
  const { envelope } = await admin.token(serial)
  return (envelope.result.value as { tokens: Record<string, unknown>[] }).tokens[0]
}

describe('a list of hardware tokens', () => {
  it('becomes tokens that work, each as its line says', async () => {
    const base32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const sent = await load(
      [
        '# what the maker sent',
        `LIST0001, ${otpSeed}`,
        `LIST0002, ${otpSeed}, hotp, 6, 5`,
        '',
        `LIST0003, ${otpSeed}, TOTP, 8, 60`,
        `"LIST0004", "${base32}", "totp"`,
        `LIST0005, ${otpSeed.repeat(2).slice(0, 64)}, totp, 6, 30`,
      ].join('\r\n'),
    )
    expect([sent.status, sent.value]).toEqual([200, { n_imported: 5, n_not_imported: 0 }])
    expect(sent.rows.map(({ row, serial, outcome }) => [row, serial, outcome])).toEqual([
      [2, 'LIST0001', 'taken'],
      [3, 'LIST0002', 'taken'],
      [5, 'LIST0003', 'taken'],
      [6, 'LIST0004', 'taken'],
      [7, 'LIST0005', 'taken'],
    ])
    expect(await passes({ serial: 'LIST0001', pass: hotpAt(0) })).toBe('ACCEPT')
    expect(await passes({ serial: 'LIST0002', pass: hotpAt(4) })).toBe('REJECT')
    expect(await passes({ serial: 'LIST0002', pass: hotpAt(5) })).toBe('ACCEPT')
    expect(await passes({ serial: 'LIST0004', pass: totpAt(Date.now()) })).toBe('ACCEPT')
    expect(await tokenIn('LIST0003')).toMatchObject({ tokentype: 'totp', otplen: 8 })
    const [row] = await d.db.select().from(tokens).where(eq(tokens.serial, 'LIST0005'))
    expect(row).toMatchObject({ hashlib: 'sha256', timeStep: 30, person: null })
  })

  it('takes users, resolver and realm before the serial where its first line says version 2', async () => {
    await d.person('liesl')
    await d.person('liesl', { realm: 'branch' })
    const sent = await load(
      [
        '# version: 2',
        `liesl, local, default, OWNED001, ${otpSeed}, totp`,
        `liesl, elsewhere, branch, OWNED002, ${secondSeed}, totp`,
        `liesl, , , OWNED003, ${secondSeed}, hotp, 6, 7`,
        `nobody, local, default, OWNED004, ${otpSeed}, totp`,
        `, , , OWNED005, ${otpSeed}`,
      ].join('\n'),
    )
    expect(sent.rows.map(({ outcome }) => outcome)).toEqual([
      'taken',
      'taken',
      'taken',
      'left',
      'taken',
    ])
    expect(sent.rows[3]).toEqual({
      row: 5,
      serial: 'OWNED004',
      user: 'nobody',
      outcome: 'left',
      why: 'there is no user nobody in the realm default: make the user first',
    })
    const now = Date.now()
    expect(await passes({ user: 'liesl', realm: 'branch', pass: totpAt(now) })).toBe('REJECT')
    expect(await passes({ user: 'liesl', pass: totpAt(now) })).toBe('ACCEPT')
    expect(await passes({ user: 'liesl', pass: hotpAt(7, secondSeed) })).toBe('ACCEPT')
    expect(await passes({ user: 'liesl@branch', pass: totpAt(now, 6, secondSeed) })).toBe('ACCEPT')
  })

  it("takes what privacyIDEA's token janitor exports", async () => {
    await d.person('joan')
    const sent = await load(
      [
        `joan@default, JAN00001, ${otpSeed}, totp, 6, 60`,
        `n/a, JAN00002, ${secondSeed}, hotp, 8`,
      ].join('\n'),
    )
    expect(sent.value).toEqual({ n_imported: 2, n_not_imported: 0 })
    expect(await tokenIn('JAN00001')).toMatchObject({ username: 'joan', tokentype: 'totp' })
    expect(await tokenIn('JAN00002')).toMatchObject({ username: '', otplen: 8 })
  })

  it('is in force for whoever is logged in already', async () => {
    await d.person('prompt')
    await d.device('prompt', { pin: '2580' })
    expect(await passes({ user: 'prompt', pass: '2580' })).toBe('CHALLENGE')
    await load(`# version: 2\nprompt, , , FORCE001, ${otpSeed}, totp`)
    expect(await passes({ user: 'prompt', pass: totpAt(Date.now()) })).toBe('ACCEPT')
  })

  it('puts tokens into the realms that are asked for, and into none that there are not', async () => {
    const lost = await load(`REALM001, ${otpSeed}`, { tokenrealms: 'branch,nowhere' })
    expect(lost.error).toEqual({ code: 905, message: 'ERR905: This realm does not exist.' })
    expect(await tokenIn('REALM001')).toBeUndefined()
    await load(`REALM001, ${otpSeed}`, { tokenrealms: 'branch' })
    expect(await tokenIn('REALM001')).toMatchObject({ realms: ['branch'] })
  })

  it('leaves what is no token here, says why, and never with the key', async () => {
    const sent = await load(
      [
        'WRONG001',
        'WRONG002, not a key!',
        'WRONG003, 0011223344',
        `WRONG004, ${otpSeed}, ocra, OCRA-1:HOTP-SHA1-6:QN08`,
        `WRONG005, ${otpSeed}, hotp, 7`,
        `WRONG006, ${otpSeed}, totp, 6, 45`,
        `WRONG007, ${otpSeed}, hotp, 6, -1`,
        `WRONG 08, ${otpSeed}`,
        `, ${otpSeed}`,
        `WRONG010, ${'ab'.repeat(28)}`,
        `RIGHT011, ${otpSeed}`,
        `RIGHT011, ${secondSeed}`,
        `SHORT012, ${otpSeed.slice(0, 20)}`,
      ].join('\n'),
    )
    expect(sent.value).toEqual({ n_imported: 2, n_not_imported: 11 })
    expect(sent.rows.map(({ outcome, why }) => why ?? outcome)).toEqual([
      'the key is shorter than 10 bytes',
      'the key is neither hexadecimal nor base32',
      'the key is shorter than 10 bytes',
      "the type 'ocra' is not kept here",
      'the length must be 6 or 8',
      'the time step must be 30 or 60 seconds',
      'the counter must be a whole number',
      'the serial must be 1 to 40 letters, digits, - and _',
      'there is no serial',
      "the hash 'sha224' is not offered: sha1, sha256, sha512 are",
      'taken',
      'the serial stands in this file twice',
      'its key has 80 bits only: enrol it again soon',
    ])
    expect(sent.text).not.toMatch(/3132333435|a1b2c3d4/i)
  })

  it('may come twice: what is there stays, a serial with another key is left as it is', async () => {
    const file = `TWICE001, ${otpSeed}\nTWICE002, ${otpSeed}`
    await load(file)
    expect(await passes({ serial: 'TWICE001', pass: hotpAt(0) })).toBe('ACCEPT')
    const again = await load(`${file}\nTWICE003, ${secondSeed}`)
    expect(again.rows.map(({ outcome }) => outcome)).toEqual([
      'already there',
      'already there',
      'taken',
    ])
    // What was used up is used up.
    expect(await passes({ serial: 'TWICE001', pass: hotpAt(0) })).toBe('REJECT')
    const other = await load(`TWICE001, ${secondSeed}\nTWICE002, ${otpSeed}, totp`)
    expect(other.rows.map(({ why }) => why)).toEqual([
      'the serial is that of another token: its key is not this one',
      'it is here, as hotp',
    ])
    expect(await passes({ serial: 'TWICE001', pass: hotpAt(1, secondSeed) })).toBe('REJECT')
    expect(await passes({ serial: 'TWICE001', pass: hotpAt(1) })).toBe('ACCEPT')
  })

  it('changes nothing where it is only tried, and says what it would do', async () => {
    const file = `DRY00001, ${otpSeed}\nTWICE001, ${secondSeed}`
    const dry = await upload(admin, '/token/load?dry_run=1', file, csv)
    expect(dry.rows.map(({ outcome }) => outcome)).toEqual(['taken', 'left'])
    expect(await tokenIn('DRY00001')).toBeUndefined()
    const wet = await load(file)
    expect(wet.rows).toEqual(dry.rows)
    expect(await tokenIn('DRY00001')).toMatchObject({ active: true })
  })

  it('is in the audit trail, with each serial and without a key', async () => {
    await load(`TRAIL001, ${otpSeed}\nTRAIL002, nothing`)
    const rows = await d.db.select().from(audit).where(eq(audit.action, 'token_load'))
    expect(rows.find(({ serial }) => serial === 'TRAIL001')).toMatchObject({ success: true })
    expect(rows.at(-1)?.serial ?? rows.at(-2)?.detail).not.toBeUndefined()
    expect(rows.map(({ detail }) => detail)).toContainEqual(
      expect.objectContaining({ type: 'OATH CSV', taken: 1, not_taken: 1 }),
    )
    expect(JSON.stringify(rows)).not.toContain(otpSeed)
  })
})

describe('a thousand rows', () => {
  const serial = (index: number, of: string) => `${of}${String(index).padStart(4, '0')}`
  const rows = (of: string, before = '') =>
    Array.from({ length: 1000 }, (_, index) => `${before}${serial(index, of)}, ${otpSeed}, totp`)

  it('take a dozen statements, not thousands, and call nobody about tokens that nobody owns', async () => {
    const file = rows('BULK').join('\n')
    const { given, cost } = await costOf(d, () => load(file))
    expect(given.value).toEqual({ n_imported: 1000, n_not_imported: 0 })
    expect(cost.d1).toBeLessThan(20)
    expect(cost.objects).toBe(0)
    expect(await passes({ serial: 'BULK0999', pass: totpAt(Date.now()) })).toBe('ACCEPT')
    const again = await costOf(d, () => load(file))
    expect(again.given.value).toEqual({ n_imported: 0, n_not_imported: 1000 })
    expect(again.cost.d1).toBeLessThan(12)
  })

  it('of the same few people call each of them once', async () => {
    await d.person('many')
    const file = ['# version: 2', ...rows('MANY', 'many, , , ')].join('\n')
    const { given, cost } = await costOf(d, () => load(file))
    expect(given.value).toEqual({ n_imported: 1000, n_not_imported: 0 })
    expect(cost.d1).toBeLessThan(20)
    expect(cost.objects).toBe(1)
  })

  it('are so many that five times as many are refused whole', async () => {
    const file = Array.from({ length: 5001 }, (_, index) => `OVER${index}, ${otpSeed}`).join('\n')
    const refused = await load(file)
    expect([refused.status, refused.error?.code]).toEqual([400, 905])
    expect(refused.error?.message).toContain('split it')
    expect(await tokenIn('OVER0')).toBeUndefined()
  })
})

describe('POST /token/load', () => {
  it('asks for both rights', async () => {
    for (const [rights, missing] of [
      [['enrol'], 'tokens'],
      [['tokens'], 'enrol'],
    ] as const) {
      const half = await d.newApplication(`Only ${rights[0]}`, rights)
      const refused = await upload(half, '/token/load', `HALF0001, ${otpSeed}`, csv)
      expect([refused.status, refused.error?.code]).toEqual([403, 303])
      expect(refused.error?.message).toContain(`'${missing}'`)
    }
    expect(await tokenIn('HALF0001')).toBeUndefined()
    const both = await d.newApplication('Both', ['enrol', 'tokens'])
    const done = await upload(both, '/token/load', `HALF0001, ${otpSeed}`, csv)
    expect(done.value).toEqual({ n_imported: 1, n_not_imported: 0 })
  })

  it('says what is wrong with a file as privacyIDEA does', async () => {
    const said = async (file: string | Uint8Array<ArrayBuffer>, fields: Record<string, string>) => {
      const { status, error } = await upload(admin, '/token/load/x', file, fields)
      return [status, error?.code, error?.message]
    }
    expect(await said(' \n', csv)).toEqual([
      400,
      905,
      'ERR905: Error loading token file. File empty!',
    ])
    expect(await said(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 0xff]), csv)).toEqual([
      400,
      905,
      'ERR905: Unable to convert file contents. Binary data is not supported',
    ])
    expect(await said(`A, ${otpSeed}`, {})).toEqual([400, 905, "ERR905: Missing parameter: 'type'"])
    const [, code, message] = await said(`A, ${otpSeed}`, { type: 'vasco' })
    expect(code).toBe(301)
    expect(message).toMatch(/^ERR301: Unknown file type: 'vasco'\. Supported file types are: /)
    const none = await admin.call('POST', '/token/load', csv)
    expect(none.envelope.result.error?.message).toBe("ERR905: Missing parameter: 'file'")
  })

  it('takes the text of a file in JSON as well', async () => {
    const sent = await admin.call('POST', '/token/load', { ...csv, file: `JSON0001, ${otpSeed}` })
    expect(sent.envelope.result.value).toEqual({ n_imported: 1, n_not_imported: 0 })
  })

  it('takes a megabyte here and nowhere else, and refuses five', async () => {
    const megabyte = `# ${'x'.repeat(1024 * 1024)}\nLARGE001, ${otpSeed}`
    expect((await load(megabyte)).value).toEqual({ n_imported: 1, n_not_imported: 0 })
    const large = await load('x'.repeat(5 * 1024 * 1024))
    expect([large.status, large.error?.message]).toEqual([413, 'The body is larger than 4096 KiB'])
    const elsewhere = await upload(admin, '/token/init', megabyte)
    expect([elsewhere.status, elsewhere.error?.message]).toEqual([
      413,
      'The body is larger than 64 KiB',
    ])
  })
})
