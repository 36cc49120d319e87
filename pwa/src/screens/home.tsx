/** Nothing is asked: the accounts, whether notifications work, and the ways to everything else. */
import { accounts } from '../device/accounts.ts'
import { beginEnrolment } from '../enrolment/steps.ts'
import { AccountCard } from '../parts/account-card.tsx'
import { HealthLine } from '../parts/health-line.tsx'
import { Icon } from '../parts/icon.tsx'
import { later } from '../parts/later.tsx'
import { Mark } from '../parts/mark.tsx'
import { Screen } from '../parts/screen.tsx'
import { go } from '../route.ts'
import { text } from '../text/text.ts'

const CodeBelow = later(async () => (await import('./later.ts')).CodeBelow, null)

const NewsBelow = later(async () => (await import('./later.ts')).NewsBelow, null)

export function Home() {
  const words = text.value.home
  return (
    <Screen name="home" title={words.title} plainTitle={words.title} above={<Mark />}>
      <p class="lead">{words.body}</p>
      <HealthLine />
      <h2>{words.accounts}</h2>
      <ul class="cards">
        {(accounts.value ?? []).map((account) => (
          <li key={account.deviceId}>
            <AccountCard account={account} />
            {account.codes && <CodeBelow account={account} />}
            <NewsBelow account={account} />
          </li>
        ))}
      </ul>
      <button type="button" class="plain add" onClick={beginEnrolment}>
        <Icon name="plus" />
        {words.addAccount}
      </button>
      <nav class="lower rows">
        <button type="button" class="row" onClick={() => go('history')}>
          <Icon name="past" />
          {words.history}
          <Icon name="next" />
        </button>
        <button type="button" class="row" onClick={() => go('settings')}>
          <Icon name="settings" />
          {words.settings}
          <Icon name="next" />
        </button>
      </nav>
    </Screen>
  )
}
