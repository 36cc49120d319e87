/** One account in the list. */
import { locked } from '../device/accounts.ts'
import type { Enrolment } from '../keys/database.ts'
import { go } from '../route.ts'
import { text } from '../text/text.ts'
import { ApplicationMark } from './application-mark.tsx'
import { Breakable } from './breakable.tsx'
import { Icon } from './icon.tsx'

export function AccountCard({ account }: { account: Enrolment }) {
  const words = text.value.home
  const trouble =
    account.standing === 'active'
      ? locked.value.has(account.deviceId) && words.locked
      : words.needsAttention
  return (
    <button
      type="button"
      class="card"
      onClick={() => go(`account=${encodeURIComponent(account.deviceId)}`)}
    >
      <ApplicationMark name={account.issuer} />
      <span class="card-words">
        <strong>
          <Breakable address={account.account} />
        </strong>
        <span>{account.issuer}</span>
        {trouble && (
          <span class="attention">
            <Icon name="warning" />
            {trouble}
          </span>
        )}
      </span>
      <Icon name="next" />
    </button>
  )
}
