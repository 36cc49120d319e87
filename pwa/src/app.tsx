/** Chooses the screen: what cannot wait comes first, a question before everything the person can come back to. */
import { effect } from '@preact/signals'
import { current, finished, prompts } from './challenge/open.ts'
import { reachable } from './challenge/watch.ts'
import { accountOf, accounts, activeAccounts, outdated } from './device/accounts.ts'
import { applyUpdate, updateReady } from './device/update.ts'
import { type Step, leaveEnrolment, step } from './enrolment/steps.ts'
import { Announcer } from './parts/announcer.tsx'
import { later } from './parts/later.tsx'
import { broken, route } from './route.ts'
import { Approve } from './screens/approve.tsx'
import { EnrolConfirm } from './screens/enrol-confirm.tsx'
import { EnrolFind } from './screens/enrol-find.tsx'
import { EnrolNotifications } from './screens/enrol-notifications.tsx'
import { EnrolReady } from './screens/enrol-ready.tsx'
import { EnrolScan } from './screens/enrol-scan.tsx'
import { Home } from './screens/home.tsx'
import { Outcome } from './screens/outcome.tsx'
import { Broken, Busy, Outdated } from './screens/plain.tsx'
import { Start } from './screens/start.tsx'
import { Waiting } from './screens/waiting.tsx'
import { text } from './text/text.ts'

const Account = later(async () => (await import('./screens/later.ts')).Account)
const History = later(async () => (await import('./screens/later.ts')).History)
const Install = later(async () => (await import('./screens/later.ts')).Install)
const Settings = later(async () => (await import('./screens/later.ts')).Settings)

// Nothing is left to do on the last step, so a question may take its place.
effect(() => {
  if (prompts.value.length > 0 && step.value?.at === 'ready') leaveEnrolment()
})

export function App() {
  return (
    <div class="app">
      <Banners />
      <Page />
      <Announcer />
    </div>
  )
}

function Page() {
  if (broken.value) return <Broken />
  if (outdated.value) return <Outdated />
  if (step.value) return <Enrolment at={step.value} />
  if (finished.value) return <Outcome over={finished.value} />
  if (current.value) return <Approve key={current.value.challenge} prompt={current.value} />
  if (prompts.value.length > 0) return <Waiting />
  if (route.value.at === 'settings') return <Settings />
  if (route.value.at === 'history') return <History />
  const account = route.value.at === 'account' ? accountOf(route.value.id) : undefined
  if (account) return <Account key={account.deviceId} account={account} />
  return accounts.value?.length ? <Home /> : <Start />
}

function Enrolment({ at }: { at: Step }) {
  const words = text.value.enrol
  switch (at.at) {
    case 'find':
      return <EnrolFind problem={at.problem} />
    case 'scan':
      return <EnrolScan />
    case 'looking':
      return <Busy title={words.looking} />
    case 'confirm':
      return <EnrolConfirm look={at.look} problem={at.problem} />
    case 'finishing':
      return <Busy title={words.finishing} />
    case 'install':
      return <Install look={at.look} />
    case 'notifications':
      return <EnrolNotifications />
    case 'ready':
      return <EnrolReady />
  }
}

function Banners() {
  const words = text.value
  const waiting = step.value ? prompts.value.length : 0
  const offline = !reachable.value && activeAccounts.value.length > 0
  return (
    <header class="banners">
      {offline && (
        <p class="banner" role="status">
          {words.noConnection}
        </p>
      )}
      {waiting > 0 && (
        <p class="banner" role="status">
          <span>{words.waiting.title(waiting)}</span>
          <button type="button" onClick={leaveEnrolment}>
            {words.push.open}
          </button>
        </p>
      )}
      {updateReady.value && !step.value && (
        <p class="banner" role="status">
          <span>{words.update.ready}</span>
          <button type="button" onClick={applyUpdate}>
            {words.update.now}
          </button>
        </p>
      )}
    </header>
  )
}
