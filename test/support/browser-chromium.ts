/**
 * Real Chromium with a profile on disk (a fresh context would be incognito, where push is denied), driven by playwright.
 */
import { type BrowserContext, type JSHandle, type Page, chromium } from 'playwright-core'
import { type Browser, type BrowserOptions, chromiumPath } from './browser.ts'
import type { ChromiumPushService } from './push-service-chromium.ts'
import { type Tab, type TabEngine, callText, tabOf } from './tab.ts'
import { until } from './until.ts'

export type ChromiumOptions = BrowserOptions & { pushService?: ChromiumPushService }
export type ChromiumBrowser = Browser & {
  /** Playwright's own objects, for what only Chromium can do: CDP, a page's network. */
  context: BrowserContext
  pageOf(tab: Tab): Page
}

const quiet = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
]

export async function launchChromium(options: ChromiumOptions): Promise<ChromiumBrowser> {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error('no Chromium: set CHROME_PATH')
  const context = await chromium.launchPersistentContext(options.profile, {
    executablePath,
    headless: true,
    args: [
      ...quiet,
      ...(options.pushService?.browserArguments ?? []),
      ...cameraArguments(options),
      ...(options.browserArguments ?? []),
    ],
    env: environment(options),
    viewport: { width: options.width ?? 412, height: options.height ?? 860 },
    locale: options.language ?? 'en-GB',
    colorScheme: options.dark ? 'dark' : 'light',
    chromiumSandbox: false,
  })
  await setPermissions(context, options)
  const pages = new Map<Tab, Page>()
  const tabFor = (page: Page): Tab => {
    const known = [...pages].find(([, other]) => other === page)?.[0]
    const tab = known ?? tabOf(engineOf(page))
    pages.set(tab, page)
    return tab
  }
  return {
    name: 'chromium',
    version: context.browser()?.version() ?? '',
    context,
    pageOf(tab) {
      const page = pages.get(tab)
      if (!page) throw new Error('a tab of another browser')
      return page
    },
    async open(address) {
      const page = await context.newPage()
      await page.goto(address)
      return tabFor(page)
    },
    tabs: () => Promise.resolve(context.pages().map(tabFor)),
    waitForTab: async (suits, withinMs) =>
      tabFor(
        await until('a new tab', () => context.pages().find((page) => suits(page.url())), withinMs),
      ),
    close: () => context.close(),
  }
}

/** Permissions granted here are forgotten when the browser closes, so each launch sets them again. */
async function setPermissions(context: BrowserContext, options: ChromiumOptions): Promise<void> {
  const { origin } = options
  const granted = ['clipboard-read', 'clipboard-write', ...(options.camera ? ['camera'] : [])]
  if (options.notifications === 'granted') granted.push('notifications')
  await context.grantPermissions(granted, { origin })
  if (options.notifications !== 'denied') return
  const page = context.pages()[0] ?? (await context.newPage())
  const session = await context.newCDPSession(page)
  const permission = { name: 'notifications' }
  await session.send('Browser.setPermission', { permission, setting: 'denied', origin })
}

const cameraArguments = ({ camera }: ChromiumOptions): string[] =>
  camera === undefined
    ? []
    : [
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${camera}`,
      ]

function environment({ busAddress }: ChromiumOptions): Record<string, string> {
  const own = Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1])
  // Without an address of ours a browser would look for the desktop's own bus.
  return { ...Object.fromEntries(own), DBUS_SESSION_BUS_ADDRESS: busAddress ?? 'disabled:' }
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
      const element = handle.asElement()
      if (!element) return null
      return {
        click: () => element.click({ timeout: 5000 }),
        async type(text) {
          await element.click({ timeout: 5000 })
          await page.keyboard.type(text)
        },
      }
    },
    picture: async (path) => void (await page.screenshot({ path })),
    close: () => page.close(),
  }
}

/** As behind a proxy that knows no WebSockets: each one fails as it is opened, in pages loaded from now on. */
export async function withoutWebSockets(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    class Failing extends EventTarget {
      readonly readyState = 3
      constructor() {
        super()
        setTimeout(() => this.dispatchEvent(new CloseEvent('close', { code: 1006 })))
      }
      close(): void {}
      send(): void {}
    }
    globalThis.WebSocket = Failing as unknown as typeof WebSocket
  })
}
