/** One account: what this device is called for it, what is wrong with it where something is, and how to remove it. */
import { useSignal } from '@preact/signals'
import { deviceNameLength } from '../../../schema/limits.ts'
import { leave } from '../device/leave.ts'
import { rename } from '../device/rename.ts'
import { beginEnrolment } from '../enrolment/steps.ts'
import type { Enrolment } from '../keys/database.ts'
import { announce } from '../parts/announcer.tsx'
import { Breakable } from '../parts/breakable.tsx'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { go } from '../route.ts'
import { laterText } from '../text/later.ts'
import { shortDate, text } from '../text/text.ts'

export function Account({ account }: { account: Enrolment }) {
  const words = text.value.account
  const { title, body } = words.standing[account.standing]
  return (
    <Screen
      name="account"
      title={<Breakable address={account.account} />}
      plainTitle={account.account}
      back={{ label: text.value.back, go: () => go('') }}
    >
      <p class="quiet">
        {account.issuer}
        <br />
        {words.since(shortDate(account.enrolledAt))}
        <br />
        {words.serial(account.serial)}
      </p>
      {account.standing === 'active' ? (
        <>
          <Rename account={account} />
          <button
            type="button"
            class="plain"
            onClick={() => go(`move=${encodeURIComponent(account.deviceId)}`)}
          >
            {laterText.value.moves.move}
          </button>
        </>
      ) : (
        <section class="attention-box">
          <h2>{title}</h2>
          <p>{body}</p>
          <button type="button" class="secondary" onClick={beginEnrolment}>
            {text.value.home.addAccount}
          </button>
        </section>
      )}
      <Remove account={account} />
    </Screen>
  )
}

function Rename({ account }: { account: Enrolment }) {
  const words = text.value.account
  const name = useSignal(account.deviceName)
  const saved = useSignal<boolean | null>(null)
  const changed = name.value.trim() !== '' && name.value.trim() !== account.deviceName

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    saved.value = await rename(account, name.value.trim())
    if (saved.value) announce(words.saved)
  }

  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <label class="field">
        <span>{words.deviceName}</span>
        <input
          name="deviceName"
          type="text"
          required
          maxLength={deviceNameLength}
          autocomplete="off"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      {saved.value === false && <Notice>{words.notSaved}</Notice>}
      <button type="submit" class="secondary" disabled={!changed}>
        {saved.value && !changed ? words.saved : words.save}
      </button>
    </form>
  )
}

function Remove({ account }: { account: Enrolment }) {
  const words = text.value.account
  const asking = useSignal(false)
  const failed = useSignal(false)

  async function remove(): Promise<void> {
    failed.value = !(await leave(account))
    if (!failed.value) go('')
  }

  if (!asking.value)
    return (
      <div class="lower">
        <button type="button" class="plain danger" onClick={() => (asking.value = true)}>
          {words.remove}
        </button>
      </div>
    )
  return (
    <div class="lower" role="group" aria-labelledby="remove-ask">
      <p id="remove-ask">{words.removeAsk(account.account)}</p>
      {failed.value && <Notice>{words.notRemoved}</Notice>}
      <button type="button" class="secondary danger" onClick={() => void remove()}>
        {words.removeYes(account.account)}
      </button>
      <button type="button" class="plain" onClick={() => (asking.value = false)}>
        {words.keep}
      </button>
    </div>
  )
}
