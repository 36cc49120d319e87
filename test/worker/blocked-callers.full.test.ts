/** 500 logins that wait for their devices in one request each hold nobody else up. */
import { beforeAll, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
}, 60_000)

const blocked = 500
const owners = 20

it(
  '500 blocked callers (otppin none, push_wait) hold nobody else up',
  { timeout: 180_000 },
  async () => {
    const people: string[] = []
    for (let n = 0; n < owners; n++) {
      const user = await d.person(`blocked${n}`)
      await d.device(user)
      people.push(user)
    }
    const free = await d.person('free')
    const phone = await d.device(free)
    const policy = {
      scope: 'authentication',
      realm: '',
      user: '-free',
      action: { otppin: 'none', push_wait: 60 },
    }
    expect((await d.payroll.call('POST', '/policy/wait', policy)).status).toBe(200)
    const office = await d.newApplication('Office')
    let begun = 0
    let over = 0
    const waiting = Array.from({ length: blocked }, async (_, n) => {
      const body = { user: people[n % owners]!, pass: '' }
      const response = await d.payroll.raw('POST', '/validate/check', body)
      begun++
      const reader = response.body!.getReader()
      try {
        for (;;) {
          const { done, value } = await reader.read()
          if (done || /\S/.test(new TextDecoder().decode(value))) break
        }
      } finally {
        over++
        await reader.cancel().catch(() => undefined)
      }
    })
    // The headers go out when the device has been asked: all of them wait before the other login begins.
    await until('all to wait', () => begun === blocked, 120_000)
    const asked = await d.payroll.ask({ user: free })
    const [challenge] = await phone.list()
    expect((await phone.approve(challenge!, asked.code)).outcome).toBe('accepted')
    const redeemed = await d.payroll.redeem({ user: free }, asked.transactionId)
    expect(redeemed.envelope.result.value).toBe(true)
    const stillWaiting = blocked - over
    await d.payroll.call('DELETE', '/policy/wait')
    for (const user of people) {
      const { envelope } = await d.payroll.call('GET', `/token/?user=${user}`)
      const { tokens } = envelope.result.value as { tokens: { serial: string }[] }
      await office.call('POST', '/token/disable', { serial: tokens[0]!.serial })
    }
    await Promise.all(waiting)
    expect([stillWaiting, over]).toEqual([blocked, blocked])
  },
)
