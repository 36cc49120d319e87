/**
 * What a journey is played on: a deployment, a push service for each kind of browser, and a screen on which notifications
 * appear. People and their browsers come and go on it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserOptions,
  type WindowOptions,
  type Windows,
  chromiumPath,
  firefoxPath,
} from './browser.ts'
import { type ChromiumBrowser, launchChromium, launchChromiumWindows } from './browser-chromium.ts'
import { type FirefoxBrowser, launchFirefox, launchFirefoxWindows } from './browser-firefox.ts'
import type { ServeOptions } from '../../worker/local/serve.ts'
import type { Person } from './application.ts'
import { isFull } from '../full.ts'
import { type Deployment, startDeployment } from './deployment.ts'
import { type NotificationDaemon, startNotificationDaemon } from './notification-daemon.ts'
import type { PushService } from './push-service.ts'
import { startChromiumPushService } from './push-service-chromium.ts'
import { startFirefoxPushService } from './push-service-firefox.ts'

export const engines = ['chromium', 'firefox'] as const
export type Engine = (typeof engines)[number]
/** For pages that ask nothing of a browser but to be one: the long form shows them in each. */
export const pageEngines: readonly Engine[] = isFull ? engines : ['chromium']
export const isMissing = (engine: Engine): boolean =>
  (engine === 'chromium' ? chromiumPath() : firefoxPath()) === null

type Launched = { chromium: ChromiumBrowser; firefox: FirefoxBrowser }
/** A browser that can be closed and opened again by the same person. */
export type Phone<Kind extends Engine = Engine> = {
  push: PushService
  notifications: NotificationDaemon
  open(): Promise<Launched[Kind]>
  browser(): Launched[Kind]
  close(): Promise<void>
}

export type Stage = {
  deployment: Deployment
  /** Somebody new, known to the deployment. */
  person(name?: string): Promise<Person & { realm: string }>
  /** A browser with a profile of its own, open; by default notifications are allowed. */
  phone<Kind extends Engine>(engine: Kind, options?: Partial<BrowserOptions>): Promise<Phone<Kind>>
  /** For all that needs neither push nor notifications, and much quicker: a window, of a storage of its own, of a browser that all stages share. */
  window<Kind extends Engine>(
    engine: Kind,
    options?: Partial<WindowOptions>,
  ): Promise<Launched[Kind]>
  end(): Promise<void>
}

/** Where a test file ends, the next one goes on with them: each takes seconds to start. */
const kept = new Map<Engine, Promise<Windows>>()

/** One that has crashed costs what was under way in it, and no later file. */
async function windowsOf(engine: Engine): Promise<Windows> {
  const known = kept.get(engine)
  const isOpen = (windows: Windows) => windows.isOpen()
  if (known && (await known.then(isOpen, () => false))) return known
  // Drivers end their browsers as the process exits; vitest ends it by a signal, which is no exit.
  if (kept.size === 0) process.once('SIGTERM', () => process.exit(143))
  // Unless somebody else was quicker.
  if (kept.get(engine) === known)
    kept.set(engine, engine === 'chromium' ? launchChromiumWindows() : keepFirefox())
  return kept.get(engine)!
}

async function keepFirefox(): Promise<Windows> {
  const profile = mkdtempSync(join(tmpdir(), 'countersign-firefox-'))
  const firefox = await launchFirefoxWindows(profile)
  // Its last helper may still be writing.
  const removal = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }
  process.once('exit', () => rmSync(profile, removal))
  return firefox
}

export async function setStage(options: ServeOptions = {}): Promise<Stage> {
  const push = {
    chromium: await startChromiumPushService(),
    firefox: await startFirefoxPushService(),
  }
  const deployment = await startDeployment({ ...options, pushServices: Object.values(push) })
  const folder = mkdtempSync(join(tmpdir(), 'countersign-stage-'))
  const phones: { close(): Promise<void>; notifications: NotificationDaemon }[] = []
  let people = 0

  const launch = (engine: Engine, given: BrowserOptions): Promise<Browser> =>
    engine === 'chromium'
      ? launchChromium({ ...given, pushService: push.chromium })
      : launchFirefox({ ...given, pushService: push.firefox })

  const windows: Browser[] = []

  return {
    deployment,
    async person(name) {
      const person = { user: name ?? `person-${++people}`, realm: 'default' }
      await deployment.application.createUser({ ...person, givenname: 'Anna', surname: 'Gruber' })
      return person
    },
    async phone<Kind extends Engine>(engine: Kind, more: Partial<BrowserOptions> = {}) {
      const notifications = await startNotificationDaemon()
      const profile = mkdtempSync(join(folder, `${engine}-`))
      const given: BrowserOptions = {
        profile,
        origin: deployment.url,
        busAddress: notifications.busAddress,
        notifications: 'granted',
        ...more,
      }
      let browser: Launched[Kind] | null = null
      const phone: Phone<Kind> = {
        push: push[engine],
        notifications,
        open: async () => (browser = (await launch(engine, given)) as Launched[Kind]),
        browser() {
          if (!browser) throw new Error('the browser is closed')
          return browser
        },
        async close() {
          const closing = browser
          browser = null
          await closing?.close()
        },
      }
      phones.push(phone)
      await phone.open()
      return phone
    },
    async window<Kind extends Engine>(engine: Kind, more: Partial<WindowOptions> = {}) {
      const shared = await windowsOf(engine)
      const given: WindowOptions = { origin: deployment.url, notifications: 'granted', ...more }
      const window = (await shared.window(given)) as Launched[Kind]
      windows.push(window)
      return window
    },
    async end() {
      for (const phone of phones) await phone.close().catch(() => undefined)
      for (const window of windows) await window.close().catch(() => undefined)
      for (const { notifications } of phones) notifications.close()
      await deployment.remove()
      for (const service of Object.values(push)) await service.close()
      // A browser's last helper may still be writing.
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
