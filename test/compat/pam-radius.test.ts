/** ssh, sudo and login by Debian's pam_radius_auth and a real FreeRADIUS, both set up as docs/pam.md says; pamtester is the terminal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  type GuideFreeradius,
  hasGuideFreeradius,
  startGuideFreeradius,
} from '../support/freeradius-guide.ts'
import { filled, fileOf } from '../support/guide.ts'
import { hasPamRadius, pamService } from '../support/pamtester.ts'
import { until } from '../support/until.ts'
import { type Desk, openDesk } from './desk.ts'

describe.skipIf(!hasGuideFreeradius() || !hasPamRadius())('PAM by RADIUS', () => {
  let desk: Desk
  let radius: GuideFreeradius
  let service: ReturnType<typeof pamService>
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pam-'))

  beforeAll(async () => {
    desk = await openDesk(inject('hardened'), 'pam-radius', { phones: false })
    await desk.policy('own', 'enrollment', { push_firebase_configuration: 'web push' })
    const { apiKey: key } = await desk.application('ssh', ['trigger', 'check'])
    radius = await startGuideFreeradius({
      server: desk.at,
      key,
      realm: desk.realm,
      waitSeconds: 2,
      password: 'ignore',
      clientsOf: 'pam.md',
    })
    const conf = join(folder, 'radius.conf')
    const shown = '/etc/pam_radius_auth.conf'
    writeFileSync(conf, filled(fileOf('pam.md', shown), { '1812': String(radius.port) }))
    // These people have no account on this machine: the password is taken for right.
    const values = { [shown]: conf, 'pam_unix.so': 'pam_permit.so' }
    service = pamService(filled(fileOf('pam.md', '/etc/pam.d/countersign'), values))
  })
  afterAll(async () => {
    service?.remove()
    rmSync(folder, { recursive: true })
    await radius?.stop()
  })

  async function someone(user: string) {
    await desk.person(user)
    const device = await desk.device(user)
    const question = () => until('a question', async () => (await device.list())[0])
    return { user, device, question }
  }

  it('shows the code at the terminal, waits at Enter, asks again, and lets in', async () => {
    const { user, device, question } = await someone('ssh-anna')
    const terminal = service.login(user)
    await terminal.type(/Type this code there: \w{4}/, '')
    const challenge = await question()
    await until('the next prompt', () => terminal.said().includes('Not approved yet'))
    const [, code] = /there: (\w{4})/.exec(terminal.said()) ?? []
    await device.approve(challenge, code)
    await terminal.type(/Not approved yet\. Code: \w{4}/, 'ok')
    expect(await terminal.end).toBe(true)
  })

  it('takes a one-time password at the prompt', async () => {
    const { user } = await someone('ssh-typist')
    const { code } = await desk.totp(user, '')
    const terminal = service.login(user)
    await terminal.type(/Type this code there: \w{4}/, code())
    expect(await terminal.end).toBe(true)
  })

  it('refuses who declines, who is unknown and who has no device', async () => {
    const { user, device, question } = await someone('ssh-nora')
    const terminal = service.login(user)
    await device.decline(await question())
    await terminal.type(/Type this code there: \w{4}/, '')
    expect(await terminal.end).toBe(false)
    await desk.person('ssh-bare')
    for (const name of ['ssh-bare', 'ssh-nobody'])
      expect([name, await service.login(name).end]).toEqual([name, false])
  })
})
