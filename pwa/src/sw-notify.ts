/// <reference lib="webworker" />
/**
 * The notifications, as people see them: the question, how it ended, or a neutral line where nothing could be verified.
 * A push always ends in one: browsers take the right to push from those who stay silent.
 */
import * as v from 'valibot'
import type { ChallengeClaims, NewcomerClaims } from '../../schema/signing.ts'
import type { Enrolment } from './keys/database.ts'
import { readSetting } from './keys/settings.ts'
import { de } from './text/de.ts'
import { laterTexts } from './text/later-texts.ts'
import { type Text, en } from './text/en.ts'
import { chooseLanguage } from './text/languages.ts'

/** What a click needs to find its way back. `challenge` is missing on a neutral notification. */
export const NotificationData = v.object({ device: v.string(), challenge: v.optional(v.string()) })
export type NotificationData = v.InferOutput<typeof NotificationData>

/** The DOM library lists only what every browser has. */
type Options = NotificationOptions & {
  renotify?: boolean
  timestamp?: number
  actions?: { action: string; title: string }[]
}

export const notMeAction = 'not_me'
const openAction = 'open'
/** Long enough to be read from the corner of an eye. */
const endedShownMs = 4000

export async function words(): Promise<Text> {
  const wanted = await readSetting('language').catch(() => null)
  return { en, de }[chooseLanguage(wanted, navigator.languages)]
}

async function laterWords() {
  const wanted = await readSetting('language').catch(() => null)
  return laterTexts[chooseLanguage(wanted, navigator.languages)]
}

/** One notification a device: a newer question takes the place of the older. */
export const tagOf = (device: string): string => `countersign-${device}`

const look = { icon: '/icon-192.png', badge: '/badge-96.png' }

export async function showQuestion(
  registration: ServiceWorkerRegistration,
  claims: ChallengeClaims,
): Promise<void> {
  const text = await words()
  const where = text.approve.origin(claims.origin, claims.application.name)
  const data: NotificationData = { device: claims.aud, challenge: claims.challenge }
  const options: Options = {
    ...look,
    body: text.push.body(claims.account, where),
    tag: tagOf(claims.aud),
    renotify: true,
    requireInteraction: true,
    timestamp: claims.iat * 1000,
    data,
    ...buttons(text),
  }
  await registration.showNotification(claims.application.name, options)
}

function buttons(text: Text): Pick<Options, 'actions'> {
  const room = (Notification as { maxActions?: number }).maxActions ?? 0
  const all = [
    { action: notMeAction, title: text.push.notMe },
    { action: openAction, title: text.push.open },
  ]
  return room > 0 ? { actions: all.slice(0, room) } : {}
}

/** Nothing can be done about it but to see it: no button, and not under the name of any application. */
export async function showTrial(
  registration: ServiceWorkerRegistration,
  { issuer, account, deviceId: device }: Enrolment,
): Promise<void> {
  const { trial } = await laterWords()
  const data: NotificationData = { device }
  const tag = `${tagOf(device)}-trial`
  const options: Options = { ...look, body: trial(account), tag, renotify: true, data }
  await registration.showNotification(issuer, options)
}

/** Stays until it is read: whoever did not do this has a day to stop it. */
export async function showNewcomer(
  registration: ServiceWorkerRegistration,
  { issuer, account }: Enrolment,
  { aud: device, serial, name }: NewcomerClaims,
): Promise<void> {
  const { moves } = await laterWords()
  const data: NotificationData = { device }
  const body = moves.added(name, account)
  const tag = `${tagOf(device)}-${serial}`
  await registration.showNotification(issuer, {
    ...look,
    body,
    tag,
    requireInteraction: true,
    data,
  })
}

/** Nothing of an unverified message is shown: not its title, not its text. */
export async function showNeutral(
  registration: ServiceWorkerRegistration,
  device: string,
): Promise<void> {
  const text = await words()
  const data: NotificationData = { device }
  const options: Options = {
    ...look,
    body: text.push.neutralBody,
    tag: tagOf(device),
    renotify: true,
    data,
  }
  await registration.showNotification(text.push.neutralTitle, options)
}

/**
 * Says in one line what became of a question, and goes after a while. Nobody waits for that: while a push is being handled Chromium
 * holds back the next one, and where its notification has gone by the end it shows one of its own.
 */
export async function showEnding(
  registration: ServiceWorkerRegistration,
  ending: { device: string; challenge: string; title: string; body: string },
): Promise<void> {
  const { device, challenge, title, body } = ending
  const own = await registration.getNotifications({ tag: tagOf(device) })
  // A newer question may stand there already; it must not be covered by the end of an older one.
  const newer = own.some(({ data }) => v.is(NotificationData, data) && data.challenge !== challenge)
  const tag = newer ? `${tagOf(device)}-ended` : tagOf(device)
  const data: NotificationData = { device, challenge }
  await registration.showNotification(title, { ...look, body, tag, data })
  setTimeout(() => void closeEnding(registration, tag, { challenge, body }), endedShownMs)
}

/** Where the browser has ended the service worker by then, it stays until it is dismissed or replaced. */
async function closeEnding(
  registration: ServiceWorkerRegistration,
  tag: string,
  { challenge, body }: { challenge: string; body: string },
): Promise<void> {
  for (const shown of await registration.getNotifications({ tag })) {
    if (
      v.is(NotificationData, shown.data) &&
      shown.data.challenge === challenge &&
      shown.body === body
    )
      shown.close()
  }
}
