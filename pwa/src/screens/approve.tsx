/** The question: who asks, for whom, from where, until when; a field for the code, and three ways to answer. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { codeLength } from '../../../schema/limits.ts'
import type { Decided } from '../challenge/answer.ts'
import { type Trouble, decide } from '../challenge/decide.ts'
import { type Prompt, chosen, now, prompts } from '../challenge/open.ts'
import { accountOf } from '../device/accounts.ts'
import { isNewPlace } from '../history/familiar.ts'
import { readHistory } from '../history/record.ts'
import { ApplicationMark } from '../parts/application-mark.tsx'
import { Breakable } from '../parts/breakable.tsx'
import { CodeField, focusesItself } from '../parts/code-field.tsx'
import { CountdownRing } from '../parts/countdown-ring.tsx'
import { Facts } from '../parts/facts.tsx'
import { Icon } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { text } from '../text/text.ts'

export function Approve({ prompt }: { prompt: Prompt }) {
  const words = text.value.approve
  const { claims } = prompt
  const application = claims.application.name
  const code = useSignal('')
  const sending = useSignal<'approve' | 'decline' | null>(null)
  const trouble = useSignal<Trouble | null>(null)
  const newPlace = useSignal(false)
  useEffect(() => {
    void readHistory().then((history) => {
      newPlace.value = isNewPlace(claims, history)
    })
  }, [])

  const tooStrict = claims.userVerification === true && !accountOf(prompt.deviceId)?.verifierId
  const wantsCode = claims.match === 'code'
  const ready = !tooStrict && (!wantsCode || code.value.length === codeLength)
  const others = prompts.value.length - 1

  async function send(decided: Decided): Promise<void> {
    if (sending.value) return
    sending.value = decided.decision
    trouble.value = null
    trouble.value = await decide(prompt, decided).catch(() => 'refused' as const)
    sending.value = null
  }

  function approve(event: Event): void {
    event.preventDefault()
    if (!ready) return
    void send(wantsCode ? { decision: 'approve', code: code.value } : { decision: 'approve' })
  }

  const secondsLeft = Math.ceil(claims.exp - now.value / 1000)
  return (
    <Screen
      name="approve"
      plainTitle={`${words.question(application)} ${claims.account}`}
      keepsFocus={wantsCode && focusesItself()}
      above={
        <>
          {others > 0 && (
            <button type="button" class="back" onClick={() => (chosen.value = null)}>
              <Icon name="back" />
              {text.value.waiting.another(others)}
            </button>
          )}
          <p class="asker">
            <ApplicationMark name={application} />
            <strong>{application}</strong>
            <CountdownRing secondsLeft={secondsLeft} ofSeconds={claims.exp - claims.iat} />
          </p>
        </>
      }
      title={
        <span id="question">
          {claims.newDevice ? words.addDevice(claims.newDevice.name) : words.question(application)}{' '}
          <b>
            <Breakable address={claims.account} />?
          </b>
        </span>
      }
    >
      <Facts id="facts" claims={claims} nowSeconds={now.value / 1000} newPlace={newPlace.value} />
      {(claims.title ?? claims.text) && (
        <blockquote class="message" aria-label={words.says(application)}>
          {claims.title && <strong>{claims.title}</strong>}
          {claims.text}
        </blockquote>
      )}
      <form class="lower" onSubmit={approve}>
        {tooStrict && <Notice>{words.tooStrict}</Notice>}
        {!tooStrict && wantsCode && (
          <CodeField
            label={claims.newDevice ? words.codeOfDevice : words.code(application)}
            describedBy="question facts"
            value={code.value}
            disabled={sending.value !== null}
            onChange={(typed) => (code.value = typed)}
          />
        )}
        {!tooStrict && !wantsCode && <p class="quiet">{words.noCode}</p>}
        {trouble.value && <Notice>{words.failed[trouble.value]}</Notice>}
        <button type="submit" class="primary" disabled={!ready || sending.value !== null}>
          {sending.value === 'approve' ? words.sending : words.approve}
        </button>
        <button
          type="button"
          class="secondary"
          disabled={sending.value !== null}
          onClick={() => void send({ decision: 'decline', reason: 'not_me' })}
        >
          {words.notMe}
        </button>
        <button
          type="button"
          class="plain"
          disabled={sending.value !== null}
          onClick={() => void send({ decision: 'decline', reason: 'cancelled' })}
        >
          {words.cancel}
        </button>
      </form>
    </Screen>
  )
}
