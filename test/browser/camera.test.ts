/** An invitation on another screen, filmed by the device's camera. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { confirmInvitation } from '../support/person.ts'
import { filmQrCode } from '../support/qr-camera.ts'
import { type Stage, isMissing, setStage } from '../support/stage.ts'

describe.skipIf(isMissing('chromium'))('the scanner', () => {
  let stage: Stage
  const folder = mkdtempSync(join(tmpdir(), 'countersign-camera-'))
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(async () => {
    await stage?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  async function pointAt(text: string) {
    const camera = join(folder, `${Math.random()}.y4m`)
    filmQrCode(text, camera)
    const phone = await stage.phone('chromium', { camera })
    const tab = await phone.browser().open(`${stage.deployment.url}/app`)
    await tab.waitForScreen('start')
    await tab.press('button', en.start.begin)
    await tab.press('button', en.enrol.scan)
    return { phone, tab }
  }

  it('reads the invitation and enrols', async () => {
    const person = await stage.person()
    const { serial, link } = await stage.deployment.application.invite(person)
    const { phone, tab } = await pointAt(link)
    await confirmInvitation(tab, 'not now')
    const { envelope } = await stage.deployment.application.token(serial)
    expect(envelope.result.value).toMatchObject({ tokens: [{ rollout_state: 'enrolled' }] })
    await phone.close()
  })

  it('reads a privacyIDEA code of this server', async () => {
    const person = await stage.person()
    const { serial, link } = await stage.deployment.application.invite(person)
    const secret = new URLSearchParams(new URL(link).hash.slice(1)).get('s') ?? ''
    const parameters = new URLSearchParams({
      url: `${stage.deployment.url}/ttype/push`,
      ttl: '10',
      issuer: 'Countersign',
      enrollment_credential: secret,
      v: '1',
      serial,
      sslverify: '0',
    })
    const { phone, tab } = await pointAt(`otpauth://pipush/${serial}?${parameters}`)
    await confirmInvitation(tab, 'not now')
    await phone.close()
  })

  it('names an invitation of another server as such, and makes no key for it', async () => {
    const { phone, tab } = await pointAt('https://elsewhere.example/enrol#v=1&s=abc&k=def')
    await tab.sees(en.enrol.problems.other_server)
    expect(await tab.has('button', en.enrol.confirm)).toBe(false)
    await phone.close()
  })
})
