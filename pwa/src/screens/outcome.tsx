/** What became of a question: one word, what it means for the sign-in, and back to the list by itself. */
import { useEffect } from 'preact/hooks'
import type { Ending } from '../challenge/answer.ts'
import { type Finished, finished } from '../challenge/open.ts'
import { announce } from '../parts/announcer.tsx'
import { type StampKind, Stamp } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { text } from '../text/text.ts'

const stamps: Record<Ending, StampKind> = {
  approved: 'good',
  declined: 'bad',
  cancelled: 'bad',
  wrong_code: 'bad',
  changed: 'bad',
  too_late: 'over',
  elsewhere: 'over',
}

/** Good news is read at a glance; the rest has something to do in it. */
const shownMs = (how: Ending): number => (how === 'approved' ? 5000 : 15_000)

export function Outcome({ over }: { over: Finished }) {
  const words = text.value
  const application = over.prompt.claims.application.name
  const { title, body } = words.outcome[over.how]
  const added = over.how === 'approved' && over.prompt.claims.newDevice
  const answered = over.state === 'redeemed' ? 'approved' : over.state
  const elsewhere =
    over.how === 'elsewhere' &&
    (answered === 'approved' || answered === 'declined' || answered === 'cancelled')
      ? words.elsewhere[answered](application)
      : null
  const meaning = added ? words.approve.deviceAdded : (elsewhere ?? body(application))
  const leave = (): void => {
    if (finished.value === over) finished.value = null
  }
  useEffect(() => {
    announce(meaning)
    const timer = setTimeout(leave, shownMs(over.how))
    return () => clearTimeout(timer)
  }, [over])
  return (
    <Screen
      name="outcome"
      centred
      title={title}
      plainTitle={title}
      above={<Stamp kind={stamps[over.how]} />}
    >
      <p class="lead" data-outcome={over.how}>
        {meaning}
      </p>
      <div class="lower">
        <button type="button" class="secondary" onClick={leave}>
          {words.done}
        </button>
      </div>
    </Screen>
  )
}
