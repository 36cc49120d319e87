/** One account in the list. */
import type { Enrolment } from '../keys/database.ts'
import { go } from '../route.ts'
import { text } from '../text/text.ts'
import { ApplicationMark } from './application-mark.tsx'
import { Icon } from './icon.tsx'

export function AccountCard({ account }: { account: Enrolment }) {
  return (
    <button type="button" class="card" onClick={() => go(`account=${encodeURIComponent(account.deviceId)}`)}>
      <ApplicationMark name={account.issuer} />
      <span class="card-words">
        <strong>{account.account}</strong>
        <span>{account.issuer}</span>
        {account.standing !== 'active' && (
          <span class="attention">
            <Icon name="warning" />
            {text.value.home.needsAttention}
          </span>
        )}
      </span>
      <Icon name="next" />
    </button>
  )
}
