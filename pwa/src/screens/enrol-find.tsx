/** Step one: find the invitation, by camera, by link or by typing its code. */
import { useSignal } from '@preact/signals'
import { accounts } from '../device/accounts.ts'
import type { EnrolmentProblem } from '../enrolment/problem.ts'
import { leaveEnrolment, step, useInvitation } from '../enrolment/steps.ts'
import { Icon } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { Steps } from '../parts/steps.tsx'
import { text } from '../text/text.ts'

export function EnrolFind({ problem }: { problem?: EnrolmentProblem | undefined }) {
  const words = text.value.enrol
  const pasted = useSignal('')

  function submit(event: Event): void {
    event.preventDefault()
    if (pasted.value.trim()) void useInvitation(pasted.value)
  }

  return (
    <Screen
      name="enrol"
      title={words.findTitle}
      plainTitle={words.findTitle}
      back={
        accounts.value?.length === 0 ? undefined : { label: text.value.back, go: leaveEnrolment }
      }
      above={<Steps step={1} />}
    >
      <p class="lead">{words.findBody}</p>
      {problem && <Notice id="enrol-problem">{words.problems[problem]}</Notice>}
      <form class="lower" onSubmit={submit}>
        <button type="button" class="primary" onClick={() => (step.value = { at: 'scan' })}>
          <Icon name="camera" />
          {words.scan}
        </button>
        <p class="either">{words.or}</p>
        <label class="field">
          <span>{words.pasteLabel}</span>
          <input
            name="invitation"
            type="text"
            autocomplete="off"
            autocapitalize="characters"
            autocorrect="off"
            spellcheck={false}
            enterkeyhint="go"
            aria-describedby={problem ? 'enrol-problem' : undefined}
            value={pasted.value}
            onInput={(event) => (pasted.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="secondary" disabled={!pasted.value.trim()}>
          {text.value.carryOn}
        </button>
      </form>
    </Screen>
  )
}
