/** Real Firefox with a profile on disk, driven by puppeteer over WebDriver BiDi, its push connected to a local service. */
import puppeteer, {
  type Browser as PuppeteerBrowser,
  type ElementHandle,
  type JSHandle,
  type Page,
} from 'puppeteer-core'
import { type Browser, type BrowserOptions, firefoxPath } from './browser.ts'
import type { FirefoxPushService } from './push-service-firefox.ts'
import { type Tab, type TabEngine, callText, tabOf } from './tab.ts'
import { until } from './until.ts'

export type FirefoxOptions = BrowserOptions & { pushService?: FirefoxPushService }
export type FirefoxBrowser = Browser & { pageOf(tab: Tab): Page }

export async function launchFirefox(options: FirefoxOptions): Promise<FirefoxBrowser> {
  const executablePath = firefoxPath()
  if (!executablePath) throw new Error('no Firefox: set FIREFOX_PATH')
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    userDataDir: options.profile,
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: options.busAddress ?? 'disabled:' },
    extraPrefsFirefox: preferences(options),
    defaultViewport: { width: options.width ?? 412, height: options.height ?? 860 },
  })
  const pages = new Map<Tab, Page>()
  const tabFor = (page: Page): Tab => {
    const known = [...pages].find(([, other]) => other === page)?.[0]
    const tab = known ?? tabOf(engineOf(page))
    pages.set(tab, page)
    return tab
  }
  return {
    name: 'firefox',
    version: await browser.version(),
    pageOf(tab) {
      const page = pages.get(tab)
      if (!page) throw new Error('a tab of another browser')
      return page
    },
    async open(address) {
      const page = await browser.newPage()
      await page.goto(address)
      return tabFor(page)
    },
    tabs: async () => (await browser.pages()).map(tabFor),
    waitForTab: async (suits, withinMs) =>
      tabFor(await until('a new tab', () => pageAt(browser, suits), withinMs)),
    close: () => browser.close(),
  }
}

const pageAt = async (browser: PuppeteerBrowser, suits: (address: string) => boolean) =>
  (await browser.pages()).find((page) => suits(page.url()))

/** Permission by preference, because one granted over BiDi is forgotten when the browser closes. */
function preferences(options: FirefoxOptions): Record<string, unknown> {
  const { pushService, notifications } = options
  return {
    'alerts.useSystemBackend': true,
    'intl.accept_languages': options.language ?? 'en-GB',
    'layout.css.prefers-color-scheme.content-override': options.dark ? 0 : 1,
    'dom.disable_open_during_load': false,
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
    picture: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
    close: () => page.close(),
  }
}
