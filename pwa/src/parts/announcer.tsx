/** One live region for the whole app: what changes without the person's doing is said here, politely. */
import { signal } from '@preact/signals'

const said = signal('')

export function announce(sentence: string): void {
  said.value = sentence
}

export function Announcer() {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said}
    </div>
  )
}
