/** A person's own page in real browsers: from a one-time code to a first device, and from there by that device's approval. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../pwa/src/text/en.ts'
import { laterTexts } from '../../pwa/src/text/later-texts.ts'
import { axeViolations, keepPicture, overflowPixels } from '../support/axe.ts'
import { enrolInApp } from '../support/person.ts'
import { type Stage, engines, isMissing, pageEngines, setStage } from '../support/stage.ts'
import type { Tab } from '../support/tab.ts'
import { enrol } from '../support/virtual-device.ts'

const password = 'a long and quiet password'
let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage?.end())

const textOf = (tab: Tab, selector: string): Promise<string> =>
  tab.run((found: string) => document.querySelector(found)?.textContent ?? '', selector)

/** What the page's policy refuses from here on. */
function watchPolicy(): void {
  const page = window as { refused?: string[] }
  const refused: string[] = (page.refused = [])
  addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
    refused.push(violatedDirective),
  )
}
const violations = (): string[] => (window as { refused?: string[] }).refused ?? ['not watched']

async function isWell(tab: Tab, name: string): Promise<void> {
  await keepPicture(tab, `me-${name}`)
  expect([name, await axeViolations(tab), await overflowPixels(tab)]).toEqual([name, [], 0])
}

async function withPassword() {
  const person = await stage.person()
  const administrator = await stage.deployment.administrator()
  await administrator.call('PUT', '/user/', { ...person, password })
  return { person, administrator }
}
/** Who was given a one-time code. */
async function newcomer() {
  const { person, administrator } = await withPassword()
  const given = { type: 'registration', ...person }
  const made = await administrator.call('POST', '/token/init', given)
  return { person, once: String(made.envelope.detail?.['registrationcode']) }
}

describe.each(pageEngines)('/me in %s', (engine) => {
  it.skipIf(isMissing(engine))(
    'leads from a one-time code to a device, recovery codes, a lost device and its end',
    async () => {
      const { person, once } = await newcomer()
      const phone = await stage.window(engine)
      const laptop = await stage.window(engine, { width: 360, height: 740 })
      const tab = await laptop.open(`${stage.deployment.url}/me`)
      await tab.waitForScreen('sign-in')
      await tab.run(watchPolicy)
      await isWell(tab, `${engine}-sign-in`)
      await tab.type('User name', person.user)
      await tab.type('Password', 'not this one')
      await tab.press('button', 'Sign in')
      await tab.sees('That was not right')
      await tab.type('Password', password)
      await tab.press('button', 'I have a one-time code from an administrator')
      await tab.type('One-time code', once)
      await tab.press('button', 'Sign in')
      await tab.sees('You have no device yet')
      await isWell(tab, `${engine}-empty`)

      await tab.press('button', 'Add a device')
      await tab.waitForScreen('add')
      expect(await textOf(tab, '.typed')).toMatch(/^[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}$/)
      await isWell(tab, `${engine}-add`)
      const link = await textOf(tab, '.link')
      const app = await enrolInApp(phone, link, { notifications: 'not now' })
      await tab.sees('The new device is ready')
      await isWell(tab, `${engine}-home`)

      await tab.press('button', /^Rename/)
      await tab.run(() => (document.querySelector<HTMLInputElement>('.device input')!.value = ''))
      await tab.type(/^New name for/, 'Blue phone')
      await tab.press('button', 'Save')
      await tab.sees('Renamed.')
      expect(await textOf(tab, '.device h2')).toBe('Blue phone')

      await tab.press('button', 'Make recovery codes')
      await tab.waitForScreen('codes')
      const codes = await tab.run(() =>
        [...document.querySelectorAll('.paper code')].map((code) => code.textContent ?? ''),
      )
      expect(new Set(codes).size).toBe(10)
      await isWell(tab, `${engine}-codes`)
      await tab.press('button', 'I have kept them')
      await tab.sees('10 codes are left')
      expect(await tab.text()).not.toContain(codes[0])

      expect(await tab.run(violations)).toEqual([])
      // What somebody brought in by another's mistake does not run.
      const injected =
        'const s = document.createElement("script"); s.append("window.ran = 1"); document.body.append(s)'
      await tab.inject(injected).catch(() => undefined)
      expect(await tab.run(() => 'ran' in window)).toBe(false)
      expect(await tab.run(violations)).not.toEqual([])

      // What is open is forgotten with the page, and nowhere kept.
      expect(
        await tab.run(() => JSON.stringify({ ...localStorage, ...sessionStorage })),
      ).not.toMatch(/eyJ/)
      await tab.reload()
      await tab.waitForScreen('sign-in')
      await tab.type('User name', person.user)
      await tab.type('Password', password)
      await tab.press('button', 'Sign in')
      await tab.sees('Type this code on your device')
      await isWell(tab, `${engine}-question`)
      const code = await textOf(tab, '.code')
      await app.waitForScreen('approve', 15_000)
      await app.type(en.approve.code('Countersign'), code)
      await app.press('button', en.approve.approve)
      await tab.sees(`Signed in as ${person.user}`)

      await tab.sees('Sign-in to this page')
      await tab.run(() => document.querySelector('.part:last-child')?.scrollIntoView())
      await isWell(tab, `${engine}-requests`)
      await tab.press('button', /^It wasn’t me/)
      await tab.sees('Say that this wasn’t you?')
      await isWell(tab, `${engine}-not-me`)
      await tab.press('button', 'Yes')
      await tab.waitForScreen('reported')
      await tab.sees('You are signed out everywhere but here')
      await isWell(tab, `${engine}-reported`)
      await tab.press('button', 'To your devices')
      await tab.sees('You said that it wasn’t you')

      await tab.press('button', /^I lost it/)
      await tab.sees('Is Blue phone lost?')
      await isWell(tab, `${engine}-lost`)
      await tab.press('button', 'Yes')
      await tab.sees('Marked as lost')
      await tab.press('button', /^I found it again/)
      await tab.sees('It may approve again')
      await tab.press('button', /^Remove/)
      await tab.sees('Remove Blue phone?')
      await tab.press('button', 'Cancel')
      expect(await textOf(tab, '.device h2')).toBe('Blue phone')
      await tab.press('button', /^Remove/)
      await tab.press('button', 'Yes')
      await tab.sees('You have no device yet')
      await laptop.close()
      await phone.close()
    },
    // Two browsers and an app on a machine that others use as well.
    240_000,
  )
})

/** Goes on by the tabulator until what has the focus is called so; whatever has it on the way shows that it has it. */
async function tabTo(tab: Tab, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await tab.key('Tab')
    const { called, isShown } = await tab.run(() => {
      const one = document.activeElement as HTMLElement | null
      const labels = one instanceof HTMLInputElement ? [...(one.labels ?? [])] : []
      const said = labels.map((label) => label.textContent ?? '').join(' ')
      const called = one?.getAttribute('aria-label') ?? (said || (one?.textContent ?? ''))
      const look = one && getComputedStyle(one)
      return { called, isShown: look?.outlineStyle !== 'none' && look?.outlineWidth !== '0px' }
    })
    if (name.test(called)) {
      expect([called, isShown]).toEqual([called, true])
      return
    }
  }
  throw new Error(`the tabulator never came to ${name}`)
}

describe.each(pageEngines)('/me by the keyboard alone in %s', (engine) => {
  it.skipIf(isMissing(engine))('signs in, adds a device and removes it', async () => {
    const { person, once } = await newcomer()
    const browser = await stage.window(engine, { width: 360, height: 740 })
    const tab = await browser.open(`${stage.deployment.url}/me`)
    await tab.waitForScreen('sign-in')
    await tabTo(tab, /^User name/)
    await tab.write(person.user)
    await tabTo(tab, /^Password/)
    await tab.write(password)
    await tabTo(tab, /^I have a one-time code/)
    await tab.key('Enter')
    await tabTo(tab, /^One-time code/)
    await tab.write(once)
    await tab.key('Enter')
    await tab.sees('You have no device yet')
    await tabTo(tab, /^Add a device/)
    await tab.key('Enter')
    await tab.waitForScreen('add')
    const invitation = await textOf(tab, '.link')
    await enrol({ origin: stage.deployment.url }, { invitation, deviceName: 'Pixel' })
    await tab.sees('The new device is ready')
    await tabTo(tab, /^Remove: Pixel/)
    await tab.key('Enter')
    await tab.sees('Remove Pixel?')
    await tab.key('Escape')
    await expect.poll(() => tab.run(() => document.querySelector('dialog') === null)).toBe(true)
    expect(await textOf(tab, '.device h2')).toBe('Pixel')
    // The focus is where it was.
    await tab.key('Enter')
    await tab.sees('Remove Pixel?')
    if (!(await tab.run(() => document.activeElement?.textContent === 'Yes')))
      await tabTo(tab, /^Yes/)
    await tab.key('Enter')
    await tab.sees('You have no device yet')
    await browser.close()
  })
})

describe.each(engines)('a try of notifications in %s', (engine) => {
  it.skipIf(isMissing(engine))(
    'comes to a closed app, and the page says so',
    async () => {
      const { person, once } = await newcomer()
      const phone = await stage.phone(engine)
      const laptop = await stage.window('chromium')
      const tab = await laptop.open(`${stage.deployment.url}/me`)
      await tab.type('User name', person.user)
      await tab.type('Password', password)
      await tab.press('button', 'I have a one-time code from an administrator')
      await tab.type('One-time code', once)
      await tab.press('button', 'Sign in')
      await tab.press('button', 'Add a device')
      await tab.waitForScreen('add')
      const app = await enrolInApp(phone.browser(), await textOf(tab, '.link'))
      // Ready before it has allowed notifications: what is told of it follows by itself.
      await tab.sees('The new device is ready')
      await tab.sees('Notifications reach it')
      await app.open('about:blank')
      await tab.press('button', /^Test notifications/)
      const words = laterTexts.en.trial(person.user)
      const shown = await phone.notifications.waitFor(({ body }) => body.includes(words), 30_000)
      expect(
        [en.push.notMe, en.push.open].filter((act) => Object.values(shown.actions).includes(act)),
      ).toEqual([])
      await tab.sees('It arrived', 30_000)
      await isWell(tab, `${engine}-tried`)
      await tab.press('button', /^Test notifications/)
      await tab.sees('Too many tries')
      await app.open(`${stage.deployment.url}/app`)
      await app.waitForScreen('home')
      await laptop.close()
      await phone.close()
    },
    180_000,
  )
})

describe.skipIf(isMissing('chromium'))('/me in German', () => {
  it('lets who has lost the phone in by a recovery code, and says when the sign-in is over', async () => {
    const { person, administrator } = await withPassword()
    const made = await administrator.call('POST', '/token/init', { type: 'recovery', ...person })
    const codes = Object.values(made.envelope.detail?.['otps'] as Record<string, string>)
    const { url, application } = stage.deployment
    const { link } = await application.invite(person)
    const device = await enrol({ origin: url }, { invitation: link, deviceName: 'Pixel' })
    const browser = await stage.window('chromium', { width: 360, height: 740, language: 'de-DE' })
    const tab = await browser.open(`${url}/me`)
    const signIn = async () => {
      await tab.waitForScreen('sign-in')
      await tab.type('Benutzername', person.user)
      await tab.type('Passwort', password)
      await tab.press('button', 'Anmelden')
    }
    await signIn()
    await tab.press('button', 'Stattdessen einen Code eingeben')
    await isWell(tab, 'german-code')
    await tab.type('Code', codes[0]!)
    await tab.press('button', 'Weiter')
    await tab.sees(`Angemeldet als ${person.user}`)
    await tab.sees('Anmeldung auf dieser Seite')
    await isWell(tab, 'german-home')
    await tab.press('button', /^Ich habe es verloren/)
    await tab.press('button', 'Ja')
    await tab.sees('Als verloren gemeldet')
    await tab.press('button', 'Abmelden')
    await signIn()
    await tab.waitForScreen('typing')
    await isWell(tab, 'german-typing')
    await tab.type('Code', codes[1]!)
    await tab.press('button', 'Weiter')
    await tab.press('button', /^Ich habe es wieder/)
    await tab.sees('Es darf wieder zustimmen')

    // Said elsewhere that an approval was not theirs: this page is signed out as well.
    const nobody = application.as({})
    const asked = await nobody.auth(person.user, password)
    const { transaction_id: id, presence_answer: code } = asked.envelope.detail ?? {}
    await device.approve((await device.list())[0]!, code)
    const answered = { username: person.user, transaction_id: id }
    const { envelope } = await nobody.call('POST', '/auth', answered)
    const { token } = envelope.result.value as { token: string }
    const elsewhere = application.as({ token })
    const told = await elsewhere.call('GET', '/me/requests')
    const { requests } = told.envelope.result.value as { requests: { id: string }[] }
    await elsewhere.call('POST', `/me/requests/${requests.at(-1)?.id}/report`)
    await tab.press('button', /^Umbenennen/)
    await tab.type(/^Neuer Name/, 'Blau')
    await tab.press('button', 'Speichern')
    await tab.sees('Du wurdest abgemeldet')
    await tab.waitForScreen('sign-in')
    await isWell(tab, 'german-over')
    await signIn()
    await tab.sees('Tippe diesen Code auf deinem Gerät')
    await browser.close()
  })

  it('fits 360 pixels in the dark, and says that the device declined', async () => {
    const { person } = await withPassword()
    const look = { width: 360, height: 740, language: 'de-DE', dark: true }
    const browser = await stage.window('chromium', look)
    const { link } = await stage.deployment.application.invite(person)
    const tab = await browser.open(`${stage.deployment.url}/me`)
    await tab.waitForScreen('sign-in')
    await isWell(tab, 'german-sign-in')
    const device = await enrol(
      { origin: stage.deployment.url },
      { invitation: link, deviceName: 'Pixel' },
    )
    await tab.type('Benutzername', person.user)
    await tab.type('Passwort', password)
    await tab.press('button', 'Anmelden')
    await tab.sees('Tippe diesen Code auf deinem Gerät')
    await device.decline((await device.list())[0]!, 'not_me')
    await tab.sees('Abgelehnt.')
    await isWell(tab, 'german-declined')
    await tab.press('button', 'Von vorn')
    await tab.waitForScreen('sign-in')
    await browser.close()
  })
})
