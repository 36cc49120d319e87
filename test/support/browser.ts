/** What a test asks of a browser, whichever it is, and where the browsers are on this machine. */
import { existsSync } from 'node:fs'
import type { Tab } from './tab.ts'

export type BrowserOptions = {
  /** Folder of the profile. Kept after closing, so that the same person can open the browser again. */
  profile: string
  /** Whose permissions are set. */
  origin: string
  notifications?: 'granted' | 'denied'
  /** Private D-Bus on which notifications are shown. */
  busAddress?: string
  /** A y4m file that the camera films (Chromium only). */
  camera?: string
  /** Chromium only, over all others. */
  browserArguments?: string[]
  width?: number
  height?: number
  language?: string
  dark?: boolean
}

/** What a window of a browser that others use too may have of its own. */
export type WindowOptions = Pick<
  BrowserOptions,
  'origin' | 'notifications' | 'width' | 'height' | 'language' | 'dark'
>

/** One process for many windows, each with a storage of its own that goes with it. None gets push. It ends with whoever launched it. */
export type Windows<Kind extends Browser = Browser> = {
  isOpen(): boolean
  window(options: WindowOptions): Promise<Kind>
  close(): Promise<void>
}

export type Browser = {
  name: 'chromium' | 'firefox' | 'webkit'
  version: string
  /** Opens a tab. */
  open(address: string): Promise<Tab>
  tabs(): Promise<Tab[]>
  /** Waits for a tab that somebody else opened: a page, a notification. */
  waitForTab(suits: (address: string) => boolean, withinMs?: number): Promise<Tab>
  close(): Promise<void>
}

const firstThatExists = (...paths: (string | undefined)[]): string | null =>
  paths.find((path): path is string => path !== undefined && path !== '' && existsSync(path)) ??
  null

export const chromiumPath = (): string | null =>
  firstThatExists(
    process.env.CHROME_PATH,
    '/usr/bin/chromium',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  )

export const firefoxPath = (): string | null =>
  firstThatExists(
    process.env.FIREFOX_PATH,
    '/usr/bin/firefox-esr',
    '/usr/bin/firefox',
    '/Applications/Firefox.app/Contents/MacOS/firefox',
  )

/** WebKitGTK: its driver, its small browser, and the screen that it cannot do without. */
export function webkitPaths(): { driver: string; browser: string; screen: string } | null {
  const driver = firstThatExists('/usr/bin/WebKitWebDriver')
  const browser = firstThatExists(
    ...['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/webkit2gtk-4.1/MiniBrowser`),
  )
  const screen = firstThatExists('/usr/bin/Xvfb')
  return driver && browser && screen ? { driver, browser, screen } : null
}

/** Clicks and action buttons come from a notification service of our own; without libnotify Firefox shows nothing to it. */
export const canShowNotifications = (): boolean =>
  existsSync('/usr/bin/dbus-daemon') &&
  ['x86_64', 'aarch64'].some((cpu) => existsSync(`/usr/lib/${cpu}-linux-gnu/libnotify.so.4`))
