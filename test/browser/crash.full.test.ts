/** Power cuts at any moment, many times, while many people log in: what was acknowledged holds, and nothing is used twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Person } from '../support/application.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { pause } from '../support/until.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'

const rounds = 20
const people = 12

type Login = {
  person: Person
  transactionId: string
  /** What the server had acknowledged when the power went. */
  approved: boolean
  redeemSent: boolean
  redeemed: number
}

describe('twenty power cuts', () => {
  let deployment: Deployment
  let powerIsOn = true
  const known: { person: Person; device: VirtualDevice }[] = []

  beforeAll(async () => {
    deployment = await startDeployment()
    for (let each = 0; each < people; each++) {
      const person = { user: `cut-${each}`, realm: 'default' }
      await deployment.application.createUser({ ...person, givenname: 'Anna', surname: 'Gruber' })
      const { link } = await deployment.application.invite(person)
      known.push({ person, device: await enrol({ origin: deployment.url }, { invitation: link }) })
    }
  })
  afterAll(() => deployment?.remove())

  /** People take their time, and stop where the power does. */
  async function hesitate(): Promise<void> {
    await pause(Math.random() * 150)
    if (!powerIsOn) throw new Error('the power is off')
  }

  const redeem = async ({ person, transactionId }: Login) => {
    const { envelope } = await deployment.application.redeem(person, transactionId)
    return envelope.result.value === true
  }

  /** Each login is noted step by step; the last one ends wherever the power cut finds it. */
  async function logInUntilTheEnd(one: (typeof known)[number], logins: Login[]): Promise<void> {
    for (;;) await logIn(one, logins)
  }

  async function logIn({ person, device }: (typeof known)[number], logins: Login[]): Promise<void> {
    const { transactionId, code } = await deployment.application.ask(person)
    const login = { person, transactionId, approved: false, redeemSent: false, redeemed: 0 }
    logins.push(login)
    await hesitate()
    for (const challenge of await device.list()) {
      const answered = await device.approve(challenge, code)
      if (answered.outcome !== 'accepted') continue
      login.approved = true
    }
    await hesitate()
    login.redeemSent = true
    if (await redeem(login)) login.redeemed++
  }

  it('lose no acknowledged answer and let no approval be used twice', async () => {
    let cutShort = 0
    for (let round = 0; round < rounds; round++) {
      const logins: Login[] = []
      const running = known.map((one) => logInUntilTheEnd(one, logins).catch(() => undefined))
      await pause(300 + Math.random() * 700)
      powerIsOn = false
      await deployment.kill()
      await Promise.all(running)
      await deployment.start()
      powerIsOn = true
      for (const login of logins) {
        const nowRedeemed = await redeem(login)
        if (login.approved && !login.redeemSent) {
          cutShort++
          expect(nowRedeemed, JSON.stringify(login)).toBe(true)
        }
        if (nowRedeemed) login.redeemed++
        // A redemption whose answer was lost on the way counts as used; one more must never be granted.
        expect(login.redeemed, JSON.stringify(login)).toBeLessThanOrEqual(1)
        expect(await redeem(login), JSON.stringify(login)).toBe(false)
      }
      for (const { device } of known)
        for (const open of await device.list()) await device.decline(open, 'cancelled')
    }
    expect(cutShort).toBeGreaterThan(0)
    console.log(`${rounds} power cuts, ${cutShort} logins cut off between answer and redeem`)
  }, 600_000)
})
