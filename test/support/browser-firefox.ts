/** Real Firefox with a profile on disk, driven by puppeteer over WebDriver BiDi, its push connected to a local service. */
import puppeteer, {
  type BrowserContext,
  type Browser as PuppeteerBrowser,
  type ElementHandle,
  type JSHandle,
  type Page,
} from 'puppeteer-core'
import {
  type Browser,
  type BrowserOptions,
  type WindowOptions,
  type Windows,
  firefoxPath,
} from './browser.ts'
import type { FirefoxPushService } from './push-service-firefox.ts'
import { type Tab, type TabEngine, callText, tabOf } from './tab.ts'
import { until } from './until.ts'

export type FirefoxOptions = BrowserOptions & { pushService?: FirefoxPushService }
export type FirefoxBrowser = Browser & { pageOf(tab: Tab): Page }

export async function launchFirefox(options: FirefoxOptions): Promise<FirefoxBrowser> {
  const browser = await start(options)
  return browserOf(
    { version: await browser.version(), ...size(options) },
    browser.defaultBrowserContext(),
    () => browser.close(),
  )
}

/** A window each, because Firefox draws nothing in a tab that lies behind another; language and look are those of all. */
export async function launchFirefoxWindows(profile: string): Promise<Windows<FirefoxBrowser>> {
  const browser = await start({ profile, origin: '', notifications: 'granted' })
  const version = await browser.version()
  return {
    isOpen: () => browser.connected,
    async window(options: WindowOptions) {
      if (options.dark || options.language || options.notifications === 'denied')
        throw new Error(
          'of a language, a look or permissions of its own is a Firefox only as a whole',
        )
      const context = await browser.createBrowserContext()
      const opening = { type: 'window' } as const
      return browserOf({ version, opening, ...size(options) }, context, () => context.close())
    },
    close: () => browser.close(),
  }
}

const size = ({ width = 412, height = 860 }: Pick<BrowserOptions, 'width' | 'height'>) => ({
  viewport: { width, height },
})

async function start(options: FirefoxOptions): Promise<PuppeteerBrowser> {
  const executablePath = firefoxPath()
  if (!executablePath) throw new Error('no Firefox: set FIREFOX_PATH')
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    userDataDir: options.profile,
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: options.busAddress ?? 'disabled:' },
    extraPrefsFirefox: preferences(options),
    defaultViewport: size(options).viewport,
  })
}

type Of = {
  version: string
  viewport: { width: number; height: number }
  opening?: { type: 'window' }
}

function browserOf(
  { version, viewport, opening }: Of,
  context: BrowserContext,
  close: () => Promise<void>,
): FirefoxBrowser {
  const pages = new Map<Tab, Page>()
  const tabFor = (page: Page): Tab => {
    const known = [...pages].find(([, other]) => other === page)?.[0]
    const tab = known ?? tabOf(engineOf(page))
    pages.set(tab, page)
    return tab
  }
  return {
    name: 'firefox',
    version,
    pageOf(tab) {
      const page = pages.get(tab)
      if (!page) throw new Error('a tab of another browser')
      return page
    },
    async open(address) {
      const page = await context.newPage(opening)
      if (opening) await page.setViewport(viewport)
      await page.goto(address)
      return tabFor(page)
    },
    tabs: async () => (await context.pages()).map(tabFor),
    waitForTab: async (suits, withinMs) =>
      tabFor(await until('a new tab', () => pageAt(context, suits), withinMs)),
    close,
  }
}

const pageAt = async (context: BrowserContext, suits: (address: string) => boolean) =>
  (await context.pages()).find((page) => suits(page.url()))

/** Permission by preference, because one granted over BiDi is forgotten when the browser closes. */
function preferences(options: FirefoxOptions): Record<string, unknown> {
  const { pushService, notifications } = options
  return {
    'alerts.useSystemBackend': true,
    'intl.accept_languages': options.language ?? 'en-GB',
    'layout.css.prefers-color-scheme.content-override': options.dark ? 0 : 1,
    'dom.disable_open_during_load': false,
    // As Chromium's: what moves is painted sixty times a second.
    'ui.prefersReducedMotion': 1,
    // Processes that stand ready for pages that nobody opens.
    'dom.ipc.processPrelaunch.enabled': false,
    ...(notifications && {
      'permissions.default.desktop-notification': notifications === 'granted' ? 1 : 2,
    }),
    ...(pushService && {
      'dom.push.serverURL': pushService.webSocketUrl,
      'dom.push.testing.allowInsecureServerURL': true,
      'dom.push.connection.enabled': true,
    }),
  }
}

function engineOf(page: Page): TabEngine {
  return {
    open: async (address) => void (await page.goto(address)),
    reload: async () => void (await page.reload()),
    address: () => Promise.resolve(page.url()),
    run: (script, ...given) => page.evaluate(callText(script, given)) as never,
    inject: async (source) => void (await page.evaluate(source)),
    async find(script, ...given) {
      const handle: JSHandle = await page.evaluateHandle(callText(script, given))
      const element = handle.asElement() as ElementHandle<Element> | null
      if (!element) return null
      return {
        click: () => element.click(),
        async type(text) {
          await element.click()
          await page.keyboard.type(text)
        },
      }
    },
    key: (name) => page.keyboard.press(name),
    write: (text) => page.keyboard.type(text),
    picture: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
    close: () => page.close(),
  }
}
