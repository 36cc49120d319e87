/** Step one, the account found: what it is, what this device is called, and the click that makes the key. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { EnrolmentLookAnswer } from '../../../schema/device.ts'
import { deviceNameLength } from '../../../schema/limits.ts'
import { suggestedDeviceName } from '../device/platform.ts'
import type { EnrolmentProblem } from '../enrolment/problem.ts'
import { confirmEnrolment, leaveEnrolment } from '../enrolment/steps.ts'
import { ApplicationMark } from '../parts/application-mark.tsx'
import { Breakable } from '../parts/breakable.tsx'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { Steps } from '../parts/steps.tsx'
import { text } from '../text/text.ts'

type EnrolConfirmProps = { look: EnrolmentLookAnswer; problem?: EnrolmentProblem | undefined }

export function EnrolConfirm({ look, problem }: EnrolConfirmProps) {
  const words = text.value.enrol
  const name = useSignal('')
  useEffect(() => {
    void suggestedDeviceName(text.value.onSystem).then((suggested) => {
      name.value ||= suggested
    })
  }, [])

  function submit(event: Event): void {
    event.preventDefault()
    if (name.value.trim()) void confirmEnrolment(name.value.trim())
  }

  return (
    <Screen
      name="confirm"
      title={words.confirmTitle}
      plainTitle={words.confirmTitle}
      above={<Steps step={1} />}
    >
      <div class="card">
        <ApplicationMark name={look.issuer} />
        <span class="card-words">
          <strong>
            <Breakable address={look.account} />
          </strong>
          <span>{look.issuer}</span>
        </span>
      </div>
      <p class="quiet">{words.confirmBody}</p>
      {problem && <Notice>{words.problems[problem]}</Notice>}
      <form class="lower" onSubmit={submit}>
        <label class="field">
          <span>{words.deviceName}</span>
          <input
            name="deviceName"
            type="text"
            required
            maxLength={deviceNameLength}
            autocomplete="off"
            aria-describedby="device-name-hint"
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        <p class="hint" id="device-name-hint">
          {words.deviceNameHint}
        </p>
        <button type="submit" class="primary" disabled={!name.value.trim()}>
          {words.confirm}
        </button>
        <button type="button" class="plain" onClick={leaveEnrolment}>
          {text.value.notNow}
        </button>
      </form>
    </Screen>
  )
}
