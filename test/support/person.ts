/** What people do, in the words that the app uses: enrol, read a question, type a code. */
import { type Text, en } from '../../pwa/src/text/en.ts'
import type { Application, StatusEvent } from './application.ts'
import type { Browser } from './browser.ts'
import type { Tab } from './tab.ts'
import { until, within } from './until.ts'

/** The name under which the Try-it application asks. */
export const asker = 'Try it'

/** `as before`: the app knows from another account, and does not ask. */
type Enrolling = { notifications?: 'turn on' | 'not now' | 'as before'; text?: Text }

/** Opens the invitation and goes through all of it, until the app says that there is nothing to approve. */
export async function enrolInApp(
  browser: Browser,
  link: string,
  { notifications = 'turn on', text = en }: Enrolling = {},
): Promise<Tab> {
  const tab = await browser.open(link)
  await confirmInvitation(tab, notifications, text)
  return tab
}

/** From the invitation that has been read to the end. */
export async function confirmInvitation(
  tab: Tab,
  notifications: Enrolling['notifications'] = 'turn on',
  text: Text = en,
): Promise<void> {
  await tab.waitForScreen('confirm', 15_000)
  await tab.press('button', text.enrol.confirm)
  if (notifications !== 'as before') {
    await tab.waitForScreen('notifications')
    const { turnOn } = text.notifications
    await tab.press('button', notifications === 'turn on' ? turnOn : text.notNow)
  }
  // Chromium asks its push service for an identity the first time.
  await tab.waitForScreen('ready', 30_000)
  await tab.press('button', text.done)
  await tab.waitForScreen('home')
}

/** From the home screen, as someone does who put it off while enrolling. */
export async function turnOnNotifications(tab: Tab): Promise<void> {
  await tab.press('button', en.notifications.turnOn)
  await tab.sees(en.notifications.on, 30_000)
}

/** Types the code into the question that is open, and approves. */
export async function approveInApp(tab: Tab, code: string): Promise<void> {
  await tab.waitForScreen('approve', 15_000)
  await tab.type(en.approve.code(asker), code)
  await tab.press('button', en.approve.approve)
}

export async function readOutcome(tab: Tab): Promise<string> {
  return until('an outcome', () =>
    tab.run(() => document.querySelector('[data-outcome]')?.getAttribute('data-outcome')),
  )
}

/** What the application hears when the transaction is over. It listens from the moment of the call. */
export function finalStatus(
  application: Application,
  transactionId: string,
  withinMs = 30_000,
): Promise<StatusEvent> {
  const ended = within(
    'the end of the transaction',
    lastEvent(application, transactionId),
    withinMs,
  )
  // Where a test fails before it comes to this, its own error is the one to show.
  ended.catch(() => undefined)
  return ended
}

async function lastEvent(application: Application, transactionId: string): Promise<StatusEvent> {
  let last: StatusEvent | null = null
  for await (const event of application.events(transactionId)) last = event
  if (!last) throw new Error('the events ended before there was one')
  return last
}
