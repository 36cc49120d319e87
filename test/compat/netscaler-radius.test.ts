/**
 * A NetScaler Gateway, from its own side: what it sends and how long it waits, against the real server: by RADIUS through a real FreeRADIUS that is
 * set up as docs/freeradius.md says.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  type GuideFreeradius,
  hasGuideFreeradius,
  startGuideFreeradius,
} from '../support/freeradius-guide.ts'
import { blocksOf, filled } from '../support/guide.ts'
import { type RadiusAnswer, type RadiusRequest, radiusClient } from '../support/radius.ts'
import { until } from '../support/until.ts'
import type { ReadChallenge, VirtualDevice } from '../support/virtual-device.ts'
import { type Desk, openDesk } from './desk.ts'
import { pause } from './wire.ts'

const password = 'a long and quiet password'
let desk: Desk

beforeAll(async () => {
  desk = await openDesk(inject('hardened'), 'netscaler-radius', { phones: false })
  await desk.policy('own', 'enrollment', { push_firebase_configuration: 'web push' })
  await desk.policy('directory', 'authentication', {
    otppin: 'userstore',
    challenge_response: 'totp hotp',
  })
})

const opened = (device: VirtualDevice, but: ReadChallenge[] = []): Promise<ReadChallenge> =>
  until('a question on the device', async () =>
    (await device.list()).find(({ challenge }) => but.every((one) => one.challenge !== challenge)),
  )
const codeIn = ({ replyMessage }: RadiusAnswer): string =>
  /(?:there|Code): ([0-9A-Z]{4})\b/.exec(replyMessage)?.[1] ?? expect.fail(replyMessage)

type Begun = { user: string; device: VirtualDevice; asked: RadiusAnswer }

describe.skipIf(!hasGuideFreeradius())('by RADIUS', () => {
  let radius: GuideFreeradius
  /** The second server of a pair; it waits two seconds only. */
  let other: GuideFreeradius
  /** For a gateway that has checked the password itself. */
  let second: GuideFreeradius
  /** Asked first, for ten seconds only, so that it runs out while the others are tried. */
  let late: Begun
  /** Asked first as well, because a question is sent again after ten seconds and no sooner. */
  let deaf: Begun

  beforeAll(async () => {
    const { apiKey: key } = await desk.application('vpn', ['trigger', 'check'])
    const options = { server: desk.at, key, realm: desk.realm, waitSeconds: 20 }
    ;[radius, other, second] = await Promise.all([
      startGuideFreeradius(options),
      startGuideFreeradius({ ...options, waitSeconds: 2 }),
      startGuideFreeradius({ ...options, password: 'ignore' }),
    ])
    const person = await someone('late')
    await desk.must('POST', '/system/setConfig', { PushChallengeValidityTime: 10 })
    late = { ...person, asked: await begin('late') }
    await desk.must('POST', '/system/setConfig', { PushChallengeValidityTime: 120 })
    deaf = { ...(await someone('deaf')), asked: await begin('deaf') }
  })
  afterAll(() => Promise.all([radius?.stop(), other?.stop(), second?.stop()]))

  const ask = (request: RadiusRequest, at = radius) => at.client.ask(at.port, request)
  const begin = (user: string, typed = password) =>
    ask({ user, password: typed, client: '198.51.100.7' })
  const go = (user: string, { state }: RadiusAnswer, typed = 'ok') =>
    ask({ user, password: typed, state })

  async function someone(user: string) {
    await desk.person(user, password)
    return { user, device: await desk.device(user) }
  }

  it('shows the code in the Access-Challenge, waits at the next request, and accepts once', async () => {
    const { user, device } = await someone('anna')
    const asked = await begin(user)
    expect(asked.code).toBe('Access-Challenge')
    const challenge = await opened(device)
    expect(challenge.claims.application).toMatchObject({ name: 'vpn' })
    const login = go(user, asked)
    await pause(300)
    await device.approve(challenge, codeIn(asked))
    const answered = await login
    expect(answered.code).toBe('Access-Accept')
    expect(answered.elapsedMs).toBeLessThan(15_000)
    expect((await go(user, asked)).code).toBe('Access-Reject')
  })

  it('a person who takes their time presses OK again: same State, same code, one question', async () => {
    const { user, device } = await someone('slow')
    const asked = await begin(user)
    const waited = await ask({ user, password: '', state: asked.state }, other)
    expect(waited.elapsedMs).toBeGreaterThan(1900)
    expect(waited).toMatchObject({
      code: 'Access-Challenge',
      replyMessage: `Not approved yet. Code: ${codeIn(asked)}`,
    })
    expect(waited.state).toEqual(asked.state)
    const [challenge, ...more] = await device.list()
    expect(more).toEqual([])
    await device.approve(challenge!, codeIn(waited))
    expect((await go(user, waited)).code).toBe('Access-Accept')
  })

  it('a packet that is repeated, at both servers, asks once and shows one code', async () => {
    const { user, device } = await someone('impatient')
    const { client } = radius
    const packet = client.made({ user, password })
    const asked = await client.send([radius.port, other.port], packet, { timeoutMs: 40, tries: 99 })
    // Its answer was lost. In the moment when it is sent FreeRADIUS takes no notice of another.
    const patience = { timeoutMs: 1000, tries: 9 }
    const again = await client.send(radius.port, packet, patience)
    const elsewhere = await client.send(other.port, packet, patience)
    expect([again.state, elsewhere.state]).toEqual([asked.state, asked.state])
    expect(await device.list()).toHaveLength(1)
    await device.approve(await opened(device), codeIn(asked))
    const redeeming = client.made({ user, password: 'ok', state: asked.state })
    // Begun at one, finished at the other; what is repeated there is answered as before.
    for (const _ of [1, 2])
      expect((await client.send(other.port, redeeming, patience)).code).toBe('Access-Accept')
    expect((await go(user, asked)).code).toBe('Access-Reject')
  })

  it('ends at once where the person declines', async () => {
    const { user, device } = await someone('nora')
    const asked = await begin(user)
    const login = go(user, asked)
    await device.decline(await opened(device))
    const answered = await login
    expect(answered).toMatchObject({ code: 'Access-Reject', replyMessage: '' })
    expect(answered.elapsedMs).toBeLessThan(15_000)
  })

  it('takes a one-time password in the answer’s field instead; a wrong one asks again', async () => {
    const { user } = await someone('typist')
    const { code } = await desk.totp(user, '')
    const asked = await begin(user)
    const wrong = await go(user, asked, '000000')
    expect(wrong.code).toBe('Access-Challenge')
    expect(wrong.replyMessage).toMatch(/^That code is not right\./)
    expect((await go(user, wrong, code())).code).toBe('Access-Accept')
    expect((await go(user, asked, code(1))).code).toBe('Access-Reject')
  })

  it('any of several devices answers, and then nothing is open on the other', async () => {
    const { user, device } = await someone('twice')
    const laptop = await desk.device(user, 'Laptop')
    const asked = await begin(user)
    await opened(device)
    await laptop.approve(await opened(laptop), codeIn(asked))
    expect((await go(user, asked)).code).toBe('Access-Accept')
    expect(await device.list()).toEqual([])
  })

  it('a wrong code on the device ends it', async () => {
    const { user, device } = await someone('guesser')
    const asked = await begin(user)
    const wrong = codeIn(asked) === 'AAAA' ? 'BBBB' : 'AAAA'
    await device.approve(await opened(device), wrong).catch(() => undefined)
    expect((await go(user, asked)).code).toBe('Access-Reject')
  })

  it('lets nobody in by another’s State, a made-up one, a wrong password or a wrong secret', async () => {
    const { user, device } = await someone('mallory')
    const victim = await someone('victim')
    expect(await begin(victim.user, 'wrong')).toMatchObject({
      code: 'Access-Reject',
      replyMessage: '',
    })
    expect(await victim.device.list()).toEqual([])
    const asked = await begin(user)
    const hers = await begin(victim.user)
    await device.approve(await opened(device), codeIn(asked))
    expect((await go(victim.user, asked)).code).toBe('Access-Reject')
    const [id] = String(asked.state).split('.')
    const forged = Buffer.from(`${id!.slice(0, -4)}AAAA.${codeIn(asked)}`)
    expect((await go(user, { ...asked, state: forged })).code).toBe('Access-Reject')
    expect((await go(user, { ...asked, state: Buffer.from('x') })).code).toBe('Access-Reject')
    const stranger = radiusClient('a-guessed-secret')
    const silence = stranger.ask(radius.port, { user, password }, { timeoutMs: 300 })
    await expect(silence).rejects.toThrow('does not answer')
    stranger.close()
    expect((await go(user, asked)).code).toBe('Access-Accept')
    await victim.device.approve(await opened(victim.device), codeIn(hers))
    expect((await go(victim.user, hers)).code).toBe('Access-Accept')
  })

  it('as a second factor after LDAP: the password that comes along is not looked at', async () => {
    const { user, device } = await someone('after-ldap')
    const asked = await ask({ user, password: 'checked by the gateway' }, second)
    await device.approve(await opened(device), codeIn(asked))
    const request = { user, password: 'ok', state: asked.state }
    expect((await ask(request, second)).code).toBe('Access-Accept')
    expect((await ask({ user: 'nobody', password: 'x' }, second)).code).toBe('Access-Reject')
  })

  it('the command of the page that says whether it works', async () => {
    const { user } = await someone('trial')
    const command = blocksOf('freeradius.md', 'sh').find((block) => block.includes('radclient -x'))
    const values = { anna: user, '…': password, '1812': String(radius.port) }
    const run = promisify(execFile)('/bin/sh', [
      '-c',
      `${filled(command ?? '', values).trim()} || true`,
    ])
    const { stdout } = await run
    for (const told of [/Received Access-Challenge/, /Type this code there: \w{4}"/, /State = 0x/])
      expect(stdout).toMatch(told)
  })

  it('ends where the time to answer is over', async () => {
    await until('it to be over', async () => (await late.device.list()).length === 0)
    expect((await go(late.user, late.asked)).code).toBe('Access-Reject')
  })

  it('is sent again on demand, ten seconds later, with the same code', async () => {
    const { user, device, asked } = deaf
    const said = async () => (await go(user, asked, ' Again ')).replyMessage
    const sent = `Sent again. Code: ${codeIn(asked)}`
    await until('it to be sent again', async () => (await said()) === sent)
    expect(await said()).toBe(`Not sent again: wait a little. Code: ${codeIn(asked)}`)
    await device.approve(await opened(device), codeIn(asked))
    expect((await go(user, asked)).code).toBe('Access-Accept')
  })
})
