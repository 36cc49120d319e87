/** Which of the three steps of setting up this is. */
import { text } from '../text/text.ts'

const stepCount = 3

export function Steps({ step }: { step: 1 | 2 | 3 }) {
  return (
    <p class="steps">
      <span class="unseen">{text.value.enrol.step(step, stepCount)}</span>
      {Array.from({ length: stepCount }, (_, index) => (
        <span key={index} aria-hidden="true" class={index < step ? 'reached' : ''} />
      ))}
    </p>
  )
}
