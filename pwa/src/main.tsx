/** Starts the app: reads what this device keeps, takes an invitation out of the address, then draws and watches. */
import './style/style.css'
import { render } from 'preact'
import { recallClock } from './api/clock.ts'
import { App } from './app.tsx'
import { refreshAll, refreshOne, watch } from './challenge/watch.ts'
import {
  chooseAgain,
  chosen,
  finished,
  forgetStaleChoice,
  prompts,
  takeKept,
} from './challenge/open.ts'
import { reloadAccounts } from './device/accounts.ts'
import { watchInstallOffer } from './device/install.ts'
import { rereadPermission } from './device/notifications.ts'
import { givenUp } from './device/push-health.ts'
import { keepPushCurrent, renewPush } from './device/push.ts'
import { readPersistence } from './device/storage.ts'
import { registerWorker } from './device/update.ts'
import { beginEnrolment, leaveEnrolment, step, useInvitation } from './enrolment/steps.ts'
import { broken, go, route } from './route.ts'
import type { FromWorker } from './sw-bridge.ts'
import { readLanguage } from './text/text.ts'

async function heard(message: FromWorker): Promise<void> {
  if (message.type === 'accounts') await reloadAccounts()
  if (message.type === 'changed') await refreshOne(message.device)
  if (message.type !== 'show') return
  go('')
  finished.value = null
  // The account is added by now; what is left of setting up can wait, a sign-in cannot.
  if (step.value?.at === 'notifications') leaveEnrolment()
  if (message.challenge !== undefined) chosen.value = message.challenge
  await refreshAll()
  forgetStaleChoice()
}

/** The secret must not stay where a screenshot, a bookmark or the history would keep it. */
function takeInvitation(): string | null {
  if (location.pathname !== '/enrol') return null
  const link = location.href
  history.replaceState(null, '', '/enrol')
  return new URL(link).hash.length > 1 ? link : null
}

/** A page that nobody sees paints nothing. */
const painted = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve))
    setTimeout(resolve, 200)
  })

async function start(): Promise<void> {
  const enrolling = location.pathname === '/enrol'
  const invitation = takeInvitation()
  watchInstallOffer()
  document.addEventListener('visibilitychange', rereadPermission)
  try {
    await Promise.all([recallClock(), readLanguage(), reloadAccounts()])
    await takeKept()
  } catch {
    broken.value = true
  }
  const named = route.value.at === 'challenge' ? route.value.id : null
  if (named !== null) {
    chosen.value = named
    go('')
  }
  if (invitation !== null) void useInvitation(invitation)
  else if (enrolling) beginEnrolment()
  if (invitation !== null) step.value ??= { at: 'looking' }
  const root = document.getElementById('app')
  if (root) render(<App />, root)
  if (broken.value) return
  // A question that is already here is shown before anything is asked: on a slow phone the two would wait for each other.
  if (prompts.value.length > 0) await painted()
  watch()
  await Promise.all([
    readPersistence(),
    registerWorker((message) => void heard(message)),
    refreshAll().then(() => chooseAgain(named)),
  ])
  await (givenUp.value ? renewPush() : keepPushCurrent())
}

void start()
