/** A power cut at the worst moment: what was answered stays answered, what was used stays used. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { until } from '../support/until.ts'
import { enrol } from '../support/virtual-device.ts'

const login = ['answer', 'redeem', 'trigger']

describe('kill -9', () => {
  let deployment: Deployment
  beforeAll(async () => {
    deployment = await startDeployment()
  })
  afterAll(() => deployment?.remove())

  async function restart(): Promise<void> {
    await deployment.kill()
    await deployment.start()
  }

  it('between question and answer, answer and redeem, and after it loses and repeats nothing', async () => {
    const { application, url } = deployment
    const person = { user: 'power-cut', realm: 'default' }
    await application.createUser({ ...person, givenname: 'Anna', surname: 'Gruber' })
    const { link } = await application.invite(person)
    const device = await enrol({ origin: url }, { invitation: link })
    const { transactionId, code } = await application.ask(person)
    await restart()
    const [challenge] = await device.list()
    if (!challenge) throw new Error('the question was lost')
    expect(await device.approve(challenge, code)).toEqual({
      outcome: 'accepted',
      state: 'approved',
    })
    await restart()
    const redeemed = await application.redeem(person, transactionId)
    expect(redeemed.envelope.result).toMatchObject({ value: true, authentication: 'ACCEPT' })
    await restart()
    const again = await application.redeem(person, transactionId)
    expect(again.envelope.result).toMatchObject({ value: false, authentication: 'REJECT' })
    const admin = await deployment.administrator()
    const trail = async () => {
      const { envelope } = await admin.call('GET', `/audit/?user=${person.user}`)
      const { auditdata } = envelope.result.value as { auditdata: { action: string }[] }
      return auditdata.map(({ action }) => action).filter((action) => login.includes(action))
    }
    await until('the trail', async () => (await trail()).length >= login.length)
    expect((await trail()).toSorted()).toEqual(login)
  })
})
