/** PSKC: RFC 6030's own examples, files that another implementation wrote, what privacyIDEA exports, and files that mean harm. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { upload } from '../support/upload.ts'
import written from '../vectors/pskc.json' with { type: 'json' }
import rfc from '../vectors/rfc6030.json' with { type: 'json' }
import { readPskc } from '../../worker/migration/pskc.ts'
import { openPskc } from '../../worker/migration/pskc-open.ts'
import { readXml } from '../../worker/migration/xml.ts'
import { type Deployment, deployment } from './deployment.ts'
import { hotpAt, otpSeed, totpAt } from './seeds.ts'

let d: Deployment
let admin: Application
beforeAll(async () => {
  d = await deployment()
  admin = await d.newApplication('Migration')
})

const load = (file: string, fields: Record<string, string> = {}) =>
  upload(admin, '/token/load/tokens.pskc', file, { type: 'pskc', ...fields })
const keys = { psk: '', password: '', check: 'check_fail_hard' } as const
const open = (file: string, more: Partial<{ psk: string; password: string }> = {}) =>
  openPskc(readPskc(file), { ...keys, ...more })
const passes = async (parameters: object) =>
  (await admin.check(parameters)).envelope.result.authentication
const { preSharedKey: psk, password } = rfc

describe("RFC 6030's examples", () => {
  it('figure 2: a key of four bytes is read, and left because it is too short', async () => {
    expect(readPskc(rfc.figure2).packages[0]).toMatchObject({
      serial: '12345678',
      type: 'hotp',
      plain: 'MTIzNA==',
    })
    expect((await open(rfc.figure2)).left).toEqual([
      { row: 1, serial: '12345678', why: 'the key is shorter than 10 bytes' },
    ])
  })

  it.each([
    ['figure3', {}],
    ['figure6', { psk }],
    ['figure7', { password }],
  ] as const)('%s: gives the seed 12345678901234567890', async (figure, given) => {
    const { rows, left } = await open(rfc[figure], given)
    expect(left).toEqual([])
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ serial: '987654321', type: 'hotp', length: 8, counter: 0 })
    expect(new TextDecoder().decode(rows[0]?.seed)).toBe('12345678901234567890')
  })

  it('figure 6 becomes a token that works, once, and only with its key', async () => {
    const refused = await load(rfc.figure6, { psk: psk.replace('1', '2') })
    expect([refused.status, refused.error?.code, refused.error?.message]).toEqual([
      400,
      304,
      'ERR304: Failed to import tokendata. Wrong encryption key?',
    ])
    const without = await load(rfc.figure6)
    expect(without.error?.message).toContain('send it as psk')
    const short = await load(rfc.figure6, { psk: '1234' })
    expect([short.status, short.error?.code]).toEqual([400, 301])
    expect(short.error?.message).toContain('It must be 32 characters long!')
    const done = await load(rfc.figure6, { psk })
    expect(done.value).toEqual({ n_imported: 1, n_not_imported: 0 })
    const code = { serial: '987654321', pass: '84755224' }
    expect(await passes(code)).toBe('ACCEPT')
    expect(await passes(code)).toBe('REJECT')
    expect((await load(rfc.figure6, { psk })).rows[0]?.outcome).toBe('already there')
    // The same seed, locked by a password.
    expect((await load(rfc.figure7, { password })).rows[0]?.outcome).toBe('already there')
    expect((await load(rfc.figure7)).error?.message).toContain('no password given')
    expect((await load(rfc.figure7, { password: 'qwertz' })).error?.code).toBe(304)
  })
})

describe('a file that another implementation wrote', () => {
  it.each([
    ['cbc128', { psk: written.psk16 }, 2],
    ['cbc256', { psk: written.psk32 }, 2],
    ['password256', { password: written.password }, 2],
    ['wrap128', { psk: written.psk16 }, 1],
  ] as const)('%s: is opened, with its hashes, steps and counters', async (name, given, count) => {
    const { rows, left } = await open(written[name], given)
    expect(left).toEqual([])
    expect(rows).toHaveLength(count)
    expect(rows[0]).toMatchObject({
      serial: 'VEC0001',
      type: 'totp',
      length: 8,
      hashlib: 'sha256',
      timeStep: 60,
    })
    expect(new TextDecoder().decode(rows[0]?.seed)).toBe('12345678901234567890123456789012')
    if (count === 2) {
      expect(rows[0]).toMatchObject({ timeShift: 120 })
      expect(rows[1]).toMatchObject({ serial: 'VEC0002', type: 'hotp', length: 6, counter: 7 })
    }
  })

  it('is refused where one byte of key wrap was changed', async () => {
    const changed = written.wrap128.replace('5PUAJs3A', '5PUAJs3B')
    await expect(open(changed, { psk: written.psk16 })).rejects.toThrow('import_refused')
    expect((await open(written.wrap128, { psk: written.psk16 })).rows).toHaveLength(1)
  })
})

describe('a MAC that is wrong', () => {
  const changed = written.cbc128.replace(/<pskc:ValueMAC>../, '<pskc:ValueMAC>AA')
  const sent = (pskcValidateMAC: string) => load(changed, { psk: written.psk16, pskcValidateMAC })

  it('leaves the whole file unless the caller asks for less', async () => {
    const hard = await load(changed, { psk: written.psk16 })
    expect([hard.status, hard.value]).toEqual([200, { n_imported: 0, n_not_imported: 2 }])
    expect(hard.rows.map(({ why }) => why)).toEqual([
      'its MAC is wrong: the file was changed',
      "another key's MAC is wrong: nothing of this file is taken",
    ])
    const soft = await sent('check_fail_soft')
    expect(soft.value).toEqual({ n_imported: 1, n_not_imported: 1 })
    const none = await sent('no_check')
    expect(none.rows.map(({ outcome }) => outcome)).toEqual(['taken', 'already there'])
    expect((await sent('perhaps')).error).toMatchObject({ code: 905 })
  })

  it('is no MAC at all where it is missing, or names no method', async () => {
    const without = written.cbc128.replaceAll(/<pskc:ValueMAC>[^<]*<\/pskc:ValueMAC>/g, '')
    expect((await open(without, { psk: written.psk16 })).rows).toEqual([])
    const bare = written.cbc128.replace(/<pskc:MACMethod[\s\S]*<\/pskc:MACMethod>/, '')
    await expect(open(bare, { psk: written.psk16 })).rejects.toThrow('import_refused')
  })
})

describe("what privacyIDEA's token janitor exports", () => {
  const plain = Buffer.from(otpSeed, 'hex').toString('base64')
  const file = `<keycontainer version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
    <keypackage><deviceinfo><manufacturer>M&#252;ller &amp; Sohn</manufacturer><serialno>PITO0001</serialno></deviceinfo>
    <key algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp" id="PITO0001"><issuer>privacyIDEA</issuer>
    <algorithmparameters><responseformat encoding="DECIMAL" length="6"></responseformat><suite hashalgo="sha1"></suite></algorithmparameters>
    <data><secret><plainvalue>${plain}</plainvalue></secret><time><plainvalue>0</plainvalue></time>
    <timeinterval><plainvalue>30</plainvalue></timeinterval><counter><plainvalue>5</plainvalue></counter>
    <timedrift><plainvalue>-47.5</plainvalue></timedrift></data></key></keypackage>
    <keypackage><deviceinfo><serialno>OATH0001</serialno></deviceinfo>
    <key algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp" id="OATH0001"><issuer>privacyIDEA</issuer>
    <algorithmparameters><responseformat encoding="DECIMAL" length="6"></responseformat><suite hashalgo="sha1"></suite></algorithmparameters>
    <data><secret><plainvalue>${plain}</plainvalue></secret><counter><plainvalue>12</plainvalue></counter></data></key></keypackage>
    <keypackage><deviceinfo><serialno>PW000001</serialno></deviceinfo>
    <key algorithm="urn:ietf:params:xml:ns:keyprov:pskc:pw" id="PW000001"><data><secret><plainvalue>${plain}</plainvalue></secret></data></key></keypackage>
    </keycontainer>`

  it('goes on where it was: counters, drift in seconds, lower case names', async () => {
    const { rows } = await open(file)
    expect(rows[0]).toMatchObject({ description: 'Müller & Sohn', timeShift: -30, counter: 5 })
    const done = await load(file)
    expect(done.rows.map(({ outcome, why }) => why ?? outcome)).toEqual([
      'taken',
      'taken',
      "the type 'pw' is not kept here",
    ])
    expect(await passes({ serial: 'PITO0001', pass: totpAt(Date.now()) })).toBe('ACCEPT')
    expect(await passes({ serial: 'OATH0001', pass: hotpAt(11) })).toBe('REJECT')
    expect(await passes({ serial: 'OATH0001', pass: hotpAt(12) })).toBe('ACCEPT')
  })
})

describe('a file that means harm', () => {
  const laughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from(
    { length: 9 },
    (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n || ''};`.repeat(10)}">`,
  ).join('')}]><KeyContainer>&lol9;</KeyContainer>`

  it.each([
    ['a billion laughs', laughs, 'document type'],
    [
      'a file of ours, by its name',
      '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><KeyContainer>&f;</KeyContainer>',
      'document type',
    ],
    ['an entity that nobody declared', '<KeyContainer>&lol;</KeyContainer>', 'not well-formed'],
    ['no XML', 'serial, key', 'not well-formed'],
    ['XML that ends too early', rfc.figure3.slice(0, 500), 'not well-formed'],
    ['another XML', '<html/>', 'No KeyContainer found'],
    ['a deep nest', `${'<a>'.repeat(20_000)}${'</a>'.repeat(20_000)}`, ''],
  ])('%s is refused', async (_, file, why) => {
    const { status, error } = await load(file)
    expect([status, error?.code]).toEqual([400, 304])
    expect(error?.message).toContain(why)
  })

  it('never gives back what stands in it', async () => {
    const { text } = await load(rfc.figure3.replace('</PlainValue>', '</Plain>'))
    expect(text).toContain('line ')
    expect(text).not.toContain('MTIz')
  })

  it('may not make us derive keys for minutes', async () => {
    const slow = rfc.figure7.replace('>1000<', '>100001<')
    const refused = await load(slow, { password })
    expect([refused.status, refused.error?.code]).toEqual([400, 304])
    expect(refused.error?.message).toContain('IterationCount')
    for (const strange of ['', '0', '-1', '1e309', 'many', '1.5'])
      expect((await load(rfc.figure7.replace('>1000<', `>${strange}<`), { password })).status).toBe(
        400,
      )
  })

  it('spoils none of the keys beside the broken one', async () => {
    const one = /<KeyPackage>[\s\S]*<\/KeyPackage>/.exec(rfc.figure3)?.[0] ?? ''
    const spoilt = [
      one.replace(/<Key Id[\s\S]*<\/Key>/, ''),
      one.replace('DECIMAL', 'HEXADECIMAL').replace('987654321', 'BROKEN02'),
      one.replace('MTIzNDU2', '!!!!').replace('987654321', 'BROKEN03'),
      one.replace(/<PlainValue>0<\/PlainValue>/, '<PlainValue>x</PlainValue>'),
      one.replace('pskc:hotp', 'pskc:totp').replace('987654321', 'RIGHT005'),
    ]
    const file = rfc.figure3.replace(one, spoilt.join('\n'))
    const { rows } = await load(file)
    expect(rows.map(({ outcome, why }) => why ?? outcome)).toEqual([
      'there is no key in it',
      'its one-time passwords are not decimal',
      'its secret is not base64',
      'the counter must be a whole number',
      'taken',
    ])
  })

  it('is read no deeper than its kind goes', () => {
    expect(() => readXml(`${'<a>'.repeat(60)}${'</a>'.repeat(60)}`)).toThrow('import_refused')
    expect(readXml(`${'<a>'.repeat(40)}${'</a>'.repeat(40)}`).name).toBe('a')
  })
})

describe("SafeNet's XML", () => {
  it('becomes HOTP tokens with their counters', async () => {
    const token = (serial: string, seed: string, counter: string) =>
      `<Token serial="${serial}"><CaseModel>5</CaseModel><ProductName>eTPass 6.10</ProductName><Applications><Application><ConnectorID>{ab}</ConnectorID><Seed>${seed}</Seed><MovingFactor>${counter}</MovingFactor></Application></Applications></Token>`
    const file = `<Tokens>${token('ALAD0001', otpSeed, '3')}${token('ALAD0002', '', '0')}</Tokens>`
    const done = await upload(admin, '/token/load', file, { type: 'aladdin-xml' })
    expect(done.rows.map(({ outcome, why }) => why ?? outcome)).toEqual([
      'taken',
      'the key is shorter than 10 bytes',
    ])
    expect(await passes({ serial: 'ALAD0001', pass: hotpAt(3) })).toBe('ACCEPT')
    expect((await upload(admin, '/token/load', '<X/>', { type: 'aladdin-xml' })).error).toEqual({
      code: 304,
      message: 'ERR304: No toplevel element Tokens',
    })
  })
})
