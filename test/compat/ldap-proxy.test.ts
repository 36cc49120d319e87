/**
 * The LDAP proxy: each bind is one blocking check. It knows HTTP 200, status and value; anything else is a failed bind.
 */
import { beforeAll, expect, inject, it } from 'vitest'
import { type Desk, firstOf, openDesk } from './desk.ts'
import { form, pause, pythonForm, send } from './wire.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk(inject('plain'), 'ldap-proxy')
  await desk.policy('wait', 'authentication', { push_wait: 20 })
})

async function bind(user: string, pass: string, agent = 'privacyIDEA-LDAP-Proxy/0.7') {
  const { status, text } = await send(desk.at, {
    method: 'POST',
    path: '/validate/check',
    headers: { 'Content-Type': form, 'User-Agent': agent, Connection: 'close' },
    body: pythonForm({ user, realm: desk.realm, pass }),
  })
  if (status !== 200) return `Wrong HTTP response (${status})`
  const { result } = JSON.parse(text) as { result: { status: unknown; value: unknown } }
  if (!result.status) return 'privacyIDEA error.'
  return result.value ? 'bound' : 'Failed to authenticate.'
}

it('waits in one request until the phone has answered, then binds', async () => {
  await desk.person('directory')
  const phone = await desk.phone('directory', { pin: '1234' })
  const binding = bind('directory', '1234')
  await pause(1200)
  await phone.accept(await firstOf(phone))
  expect(await binding).toBe('bound')
})

it('is told of a decline at once, not when its time is up', async () => {
  await desk.person('quick')
  const phone = await desk.phone('quick', { pin: '1234' })
  const startedAt = performance.now()
  const binding = bind('quick', '1234', 'privacyIDEA LDAP Proxy')
  await pause(500)
  await phone.decline(await firstOf(phone))
  expect(await binding).toBe('Failed to authenticate.')
  expect(performance.now() - startedAt).toBeLessThan(5000)
})

it('binds with PIN and code in one password, once', async () => {
  await desk.person('coder')
  const { code } = await desk.totp('coder', 'ü&%41 1')
  const password = `ü&%41 1${code()}`
  expect(await bind('coder', password)).toBe('bound')
  expect(await bind('coder', password)).toBe('Failed to authenticate.')
})

it('takes an unknown name and a wrong PIN for failed binds', async () => {
  expect(await bind('nobody', '1234')).toBe('Wrong HTTP response (400)')
  await desk.person('pinless')
  await desk.phone('pinless', { pin: '1234' })
  expect(await bind('pinless', 'wrong')).toBe('Failed to authenticate.')
})
