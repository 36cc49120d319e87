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
import { EnrolFind } from './screens/enrol-find.tsx'
import { Home } from './screens/home.tsx'
import { Outcome } from './screens/outcome.tsx'
import { Broken, Busy, Outdated } from './screens/plain.tsx'
import { Start } from './screens/start.tsx'
import { Waiting } from './screens/waiting.tsx'
import { text } from './text/text.ts'

const rest = () => import('./screens/later.ts')
const Account = later(async () => (await rest()).Account)
const EnrolConfirm = later(async () => (await rest()).EnrolConfirm)
const EnrolNotifications = later(async () => (await rest()).EnrolNotifications)
const EnrolReady = later(async () => (await rest()).EnrolReady)
const EnrolScan = later(async () => (await rest()).EnrolScan)
const EnrolVerifier = later(async () => (await rest()).EnrolVerifier)
const History = later(async () => (await rest()).History)
const Install = later(async () => (await rest()).Install)
const EnrolWaiting = later(async () => (await rest()).EnrolWaiting)
const Move = later(async () => (await rest()).Move)
const Settings = later(async () => (await rest()).Settings)

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
  const { at } = route.value
  const account = at === 'account' || at === 'move' ? accountOf(route.value.id) : undefined
  if (account && at === 'move') return <Move key={account.deviceId} account={account} />
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
    case 'waiting':
      return <EnrolWaiting code={at.code} />
    case 'install':
      return <Install look={at.look} />
    case 'verifier':
      return <EnrolVerifier deviceId={at.deviceId} />
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
