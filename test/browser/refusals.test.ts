/** What must not work, by devices that speak the API themselves. Each attempt is followed by the right one, to show that nothing was burnt. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Application, Person } from '../support/application.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { finalStatus } from '../support/person.ts'
import { DeviceRefused, type VirtualDevice, deviceKeys, enrol } from '../support/virtual-device.ts'

let deployment: Deployment
let application: Application
beforeAll(async () => {
  deployment = await startDeployment()
  application = deployment.application
  short = await askShortly()
})
afterAll(() => deployment?.remove())

/** A question that lasts ten seconds, asked first, so that it runs out while the others are tried. */
let short: Awaited<ReturnType<typeof askShortly>>
async function askShortly() {
  const person = await newPerson()
  const device = await newDevice(person)
  const administrator = await deployment.administrator()
  const answerable = async (answerSeconds: number) => {
    const change = { PushChallengeValidityTime: answerSeconds }
    const { status } = await administrator.call('POST', '/system/setConfig', change)
    expect(status).toBe(200)
  }
  await answerable(10)
  const question = await asked(person, device)
  await answerable(120)
  return { person, device, ...question }
}

let people = 0
const seen: string[] = []
async function newPerson(): Promise<Person> {
  const person = { user: `refused-${++people}`, realm: 'default' }
  await application.createUser({ ...person, givenname: 'Anna', surname: 'Gruber' })
  return person
}

async function newDevice(person: Person, deviceName = 'Anna’s Pixel'): Promise<VirtualDevice> {
  const { link } = await application.invite(person)
  return enrol({ origin: deployment.url }, { invitation: link, deviceName })
}

/** Asks, and finds what the device sees of it. */
async function asked(person: Person, device: VirtualDevice) {
  const transaction = await application.ask(person)
  const known = new Set(seen)
  const challenge = (await device.list()).find((one) => !known.has(one.challenge))
  if (!challenge) throw new Error('the device sees no new challenge')
  seen.push(challenge.challenge)
  return { ...transaction, challenge }
}

const problemOf = (attempt: Promise<unknown>): Promise<DeviceRefused> =>
  attempt.then(
    () => expect.unreachable('it was not refused'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(DeviceRefused)
      return error as DeviceRefused
    },
  )

async function isRedeemed(person: Person, transactionId: string): Promise<boolean> {
  const { envelope } = await application.redeem(person, transactionId)
  return envelope.result.value === true
}

describe('an answer', () => {
  it('that was changed on its way is refused, and the untouched one is accepted', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { transactionId, code, challenge } = await asked(person, device)
    const answer = await device.signAnswer(challenge, { decision: 'decline', reason: 'not_me' })
    const [header, , signature] = answer.split('.')
    const other = (await device.signAnswer(challenge, { decision: 'approve', code })).split('.')[1]
    const refused = await problemOf(device.sendAnswer(`${header}.${other}.${signature}`))
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.status).toBeLessThan(500)
    expect((await device.look(challenge.challenge)).state).toBe('pending')
    expect(await device.approve(challenge, code)).toEqual({
      outcome: 'accepted',
      state: 'approved',
    })
    expect(await isRedeemed(person, transactionId)).toBe(true)
  })

  it('over another text than the one that was asked is refused', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const first = await asked(person, device)
    const second = await asked(person, device)
    const crossed = { challenge: second.challenge.challenge, jws: first.challenge.jws }
    const refused = await problemOf(device.approve(crossed, second.code))
    expect(refused.status).toBeLessThan(500)
    expect(await device.approve(second.challenge, second.code)).toMatchObject({
      outcome: 'accepted',
    })
  })

  it('meant for another server is refused', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { code, challenge } = await asked(person, device)
    const elsewhere = { decision: 'approve', code, aud: 'https://elsewhere.example' } as const
    await problemOf(device.sendAnswer(await device.signAnswer(challenge, elsewhere)))
    expect(await device.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
  })

  it('of another person’s device is refused, and that of the person’s own is accepted', async () => {
    const [anna, eve] = [await newPerson(), await newPerson()]
    const [annas, eves] = [await newDevice(anna), await newDevice(eve)]
    const { transactionId, code, challenge } = await asked(anna, annas)
    expect(await eves.list()).toEqual([])
    await problemOf(eves.look(challenge.challenge))
    await problemOf(eves.approve(challenge, code))
    expect(await isRedeemed(anna, transactionId)).toBe(false)
    expect(await annas.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
    expect(await isRedeemed(anna, transactionId)).toBe(true)
  })

  it('by a key that was never enrolled is refused, whatever device it names', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { code, challenge } = await asked(person, device)
    const thief = await newDevice(await newPerson())
    const forged = await thief.signAnswer(challenge, { decision: 'approve', code })
    const [header, claims, signature] = forged.split('.') as [string, string, string]
    const renamed = {
      ...JSON.parse(Buffer.from(header, 'base64url').toString()),
      kid: device.deviceId,
    }
    const newHeader = Buffer.from(JSON.stringify(renamed)).toString('base64url')
    await problemOf(device.sendAnswer(`${newHeader}.${claims}.${signature}`))
    expect(await device.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
  })

  it('with a wrong code ends the question, the right code comes too late, and a new question works', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { transactionId, code, challenge } = await asked(person, device)
    const wrong = code === '0000' ? '1111' : '0000'
    expect(await device.approve(challenge, wrong)).toMatchObject({ outcome: 'wrong_code' })
    expect(await device.approve(challenge, code)).not.toMatchObject({ outcome: 'accepted' })
    expect(await isRedeemed(person, transactionId)).toBe(false)
    const again = await asked(person, device)
    expect(await device.approve(again.challenge, again.code)).toMatchObject({ outcome: 'accepted' })
    expect(await isRedeemed(person, again.transactionId)).toBe(true)
  })

  it('without a code ends the question', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { transactionId, challenge } = await asked(person, device)
    expect(await device.approve(challenge)).toMatchObject({ outcome: 'wrong_code' })
    expect(await isRedeemed(person, transactionId)).toBe(false)
    const again = await asked(person, device)
    expect(await device.approve(again.challenge, again.code)).toMatchObject({ outcome: 'accepted' })
  })

  it('that is sent again changes nothing: an approval is not made twice, a decline not turned round', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const { transactionId, code, challenge } = await asked(person, device)
    const approval = await device.signAnswer(challenge, { decision: 'approve', code })
    expect(await device.sendAnswer(approval)).toMatchObject({ outcome: 'accepted' })
    expect(await isRedeemed(person, transactionId)).toBe(true)
    await device.sendAnswer(approval).catch(() => undefined)
    expect(await isRedeemed(person, transactionId)).toBe(false)

    const other = await asked(person, device)
    const late = await device.signAnswer(other.challenge, { decision: 'approve', code: other.code })
    expect(await device.decline(other.challenge, 'not_me')).toMatchObject({ state: 'declined' })
    expect(await device.sendAnswer(late)).not.toMatchObject({ outcome: 'accepted' })
    const { envelope } = await application.poll(other.transactionId)
    expect(envelope.detail?.challenge_status).toBe('declined')
    expect(await isRedeemed(person, other.transactionId)).toBe(false)
  })
})

describe('a signed request', () => {
  it('that changes something is good once: the same one again is refused, a new one passes', async () => {
    const device = await newDevice(await newPerson())
    const body = JSON.stringify({ name: 'Renamed' })
    const authorization = `Countersign ${await device.signRequest('PATCH', '/device', { body })}`
    const once = () => device.call('PATCH', '/device', { body, authorization })
    expect((await once()).status).toBe(200)
    expect((await once()).status).toBe(401)
    await device.rename('Renamed again')
  })

  it('is not good for another path, another body, another time or from another key', async () => {
    const device = await newDevice(await newPerson())
    const path = '/device/challenges'
    const authorization = async (spoilt: object) =>
      `Countersign ${await device.signRequest('GET', path, { spoilt })}`
    const minutesAgo = Math.floor(Date.now() / 1000) - 600
    for (const spoilt of [
      { path: '/device' },
      { method: 'DELETE' },
      { bodyHash: 'A'.repeat(43) },
      { iat: minutesAgo },
    ]) {
      const refused = await device.call('GET', path, { authorization: await authorization(spoilt) })
      expect(refused.status, JSON.stringify(spoilt)).toBe(401)
    }
    expect(
      (await device.call('GET', path, { authorization: await authorization({}) })).status,
    ).toBe(200)
  })
})

describe('an enrolment', () => {
  it('is good for one device: a second key is refused, the first may repeat itself', async () => {
    const person = await newPerson()
    const { link } = await application.invite(person)
    const keys = await deviceKeys()
    const first = await enrol({ origin: deployment.url }, { invitation: link, keys })
    await problemOf(enrol({ origin: deployment.url }, { invitation: link }))
    const again = await enrol({ origin: deployment.url }, { invitation: link, keys })
    expect(again.deviceId).toBe(first.deviceId)
    const { challenge, code } = await asked(person, first)
    expect(await first.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
  })

  it('by typed code ends after five wrong ones, and not before', async () => {
    const { code } = await application.invite(await newPerson())
    const wrong = code.slice(0, 5) + (code.endsWith('0000000') ? '1111111' : '0000000')
    for (let tries = 0; tries < 4; tries++)
      await problemOf(enrol({ origin: deployment.url }, { invitation: wrong }))
    expect((await enrol({ origin: deployment.url }, { invitation: code })).serial).toMatch(/^PIPU/)
    const { code: other } = await application.invite(await newPerson())
    const otherWrong = other.slice(0, 5) + (other.endsWith('0000000') ? '1111111' : '0000000')
    for (let tries = 0; tries < 5; tries++)
      await problemOf(enrol({ origin: deployment.url }, { invitation: otherWrong }))
    await problemOf(enrol({ origin: deployment.url }, { invitation: other }))
  })

  it('signed for another server is refused', async () => {
    const { link } = await application.invite(await newPerson())
    const spoilt = { aud: 'https://elsewhere.example' }
    await problemOf(enrol({ origin: deployment.url }, { invitation: link, spoilt }))
    expect((await enrol({ origin: deployment.url }, { invitation: link })).serial).toMatch(/^PIPU/)
  })
})

describe('two devices', () => {
  it('see the same question; the first answer decides and the other comes too late', async () => {
    const person = await newPerson()
    const [phone, laptop] = [await newDevice(person, 'Phone'), await newDevice(person, 'Laptop')]
    const { transactionId, code, challenge } = await asked(person, phone)
    const [onLaptop] = await laptop.list()
    expect(onLaptop?.claims).toMatchObject({
      account: challenge.claims.account,
      exp: challenge.claims.exp,
    })
    if (!onLaptop) throw new Error('nothing on the laptop')
    expect(await laptop.approve(onLaptop, code)).toMatchObject({ outcome: 'accepted' })
    expect(await phone.decline(challenge, 'not_me')).toMatchObject({ outcome: 'already_answered' })
    expect(await isRedeemed(person, transactionId)).toBe(true)
  })

  it('may not lend each other their questions: what one was asked the other cannot sign', async () => {
    const person = await newPerson()
    const [phone, laptop] = [await newDevice(person, 'Phone'), await newDevice(person, 'Laptop')]
    const { code, challenge } = await asked(person, phone)
    await problemOf(laptop.approve(challenge, code))
    expect(await phone.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
  })

  it('go on without each other: one that leaves can no longer answer, the other can', async () => {
    const person = await newPerson()
    const [phone, laptop] = [await newDevice(person, 'Phone'), await newDevice(person, 'Laptop')]
    await laptop.leave()
    const { code, challenge } = await asked(person, phone)
    expect((await laptop.call('GET', '/device/challenges')).status).toBe(401)
    expect(await phone.approve(challenge, code)).toMatchObject({ outcome: 'accepted' })
  })
})

describe('two screens', () => {
  it('ask beside each other, each with a code that fits only its own question', async () => {
    const person = await newPerson()
    const device = await newDevice(person)
    const first = await asked(person, device)
    const second = await asked(person, device)
    expect(first.transactionId).not.toBe(second.transactionId)
    expect(await device.list()).toHaveLength(2)
    if (first.code !== second.code)
      expect(await device.approve(first.challenge, second.code)).toMatchObject({
        outcome: 'wrong_code',
      })
    expect(await device.approve(second.challenge, second.code)).toMatchObject({
      outcome: 'accepted',
    })
    expect(await isRedeemed(person, first.transactionId)).toBe(false)
    expect(await isRedeemed(person, second.transactionId)).toBe(true)
  })
})

describe('time', () => {
  it('ends a question: an answer after it is too late, and the application is told', async () => {
    const { person, device, transactionId, code, challenge } = short
    expect(challenge.claims.exp - challenge.claims.iat).toBe(10)
    const ended = await finalStatus(application, transactionId, 20_000)
    expect(ended.challenge_status).toBe('expired')
    expect(await device.approve(challenge, code)).toMatchObject({ outcome: 'too_late' })
    expect(await device.list()).toEqual([])
    const again = await asked(person, device)
    expect(await device.approve(again.challenge, again.code)).toMatchObject({ outcome: 'accepted' })
  })
})
