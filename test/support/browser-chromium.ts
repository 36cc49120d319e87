/**
 * Real Chromium with a profile on disk (a fresh context would be incognito, where push is denied), driven by playwright; and one
 * whose windows are such contexts, for all who need no push.
 */
import {
  type BrowserContext,
  type Disposable,
  type JSHandle,
  type Page,
  chromium,
} from 'playwright-core'
import {
  type Browser,
  type BrowserOptions,
  type WindowOptions,
  type Windows,
  chromiumPath,
} from './browser.ts'
import type { ChromiumPushService } from './push-service-chromium.ts'
import { type Tab, type TabEngine, callText, tabOf } from './tab.ts'
import { until } from './until.ts'

export type ChromiumOptions = BrowserOptions & { pushService?: ChromiumPushService }
export type ChromiumBrowser = Browser & {
  /** Playwright's own objects, for what only Chromium can do: CDP, a page's network. */
  context: BrowserContext
  pageOf(tab: Tab): Page
  /** Deletes all that was kept for the origin, as people can: a first visit comes next. */
  forget(origin: string): Promise<void>
}

/** Chromium takes the last list alone, so what playwright leaves out is in this one too. */
const leftOut = [
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
  // A process that stands ready for a page that nobody opens.
  'SpareRendererForSitePerProcess',
  // What drops down from the address bar is two web pages for each window: more work than ours.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'WebUIOmniboxPopup',
]

const quiet = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${leftOut.join(',')}`,
]

export async function launchChromium(options: ChromiumOptions): Promise<ChromiumBrowser> {
  const context = await chromium.launchPersistentContext(options.profile, {
    ...start(options),
    ...look(options),
  })
  await setPermissions(context, options)
  return browserOf(context, context.browser()?.version() ?? '')
}

export async function launchChromiumWindows(): Promise<Windows<ChromiumBrowser>> {
  const browser = await chromium.launch(start({}))
  return {
    isOpen: () => browser.isConnected(),
    async window(options) {
      const context = await browser.newContext(look(options))
      await setPermissions(context, options)
      return browserOf(context, browser.version())
    },
    close: () => browser.close(),
  }
}

function start(options: Omit<ChromiumOptions, 'profile' | 'origin'>) {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error('no Chromium: set CHROME_PATH')
  return {
    executablePath,
    headless: true,
    args: [
      ...quiet,
      ...(options.pushService?.browserArguments ?? []),
      ...cameraArguments(options),
      ...(options.browserArguments ?? []),
    ],
    env: environment(options),
    chromiumSandbox: false,
  }
}

const look = ({ width = 412, height = 860, language = 'en-GB', dark = false }: WindowOptions) => ({
  viewport: { width, height },
  locale: language,
  colorScheme: dark ? ('dark' as const) : ('light' as const),
  // What moves is painted sixty times a second, without a graphics card.
  reducedMotion: 'reduce' as const,
})

function browserOf(context: BrowserContext, version: string): ChromiumBrowser {
  const pages = new Map<Tab, Page>()
  const tabFor = (page: Page): Tab => {
    const known = [...pages].find(([, other]) => other === page)?.[0]
    const tab = known ?? tabOf(engineOf(page))
    pages.set(tab, page)
    return tab
  }
  return {
    name: 'chromium',
    version,
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
    async forget(origin) {
      const [page, ...others] = context.pages()
      for (const other of others) await other.close()
      if (!page) throw new Error('no tab is left')
      await page.goto('about:blank')
      const session = await context.newCDPSession(page)
      await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
      await session.detach()
    },
    close: () => context.close(),
  }
}

/** Permissions granted here are forgotten when the browser closes, so each launch sets them again. */
async function setPermissions(
  context: BrowserContext,
  options: Omit<ChromiumOptions, 'profile'>,
): Promise<void> {
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

const cameraArguments = ({ camera }: Pick<ChromiumOptions, 'camera'>): string[] =>
  camera === undefined
    ? []
    : [
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${camera}`,
      ]

function environment({ busAddress }: Pick<ChromiumOptions, 'busAddress'>): Record<string, string> {
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
    key: (name) => page.keyboard.press(name),
    write: (text) => page.keyboard.type(text),
    picture: async (path) => void (await page.screenshot({ path })),
    close: () => page.close(),
  }
}

/** As behind a proxy that knows no WebSockets: each one fails as it is opened, in pages loaded from now on, until that is ended. */
export function withoutWebSockets(context: BrowserContext): Promise<Disposable> {
  return context.addInitScript(() => {
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
