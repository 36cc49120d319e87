/** The new phone's side of a move: the code that is typed on the old one. */
import { leaveEnrolment } from '../enrolment/steps.ts'
import { Screen } from '../parts/screen.tsx'
import { laterText } from '../text/later.ts'
import { text } from '../text/text.ts'

export function EnrolWaiting({ code }: { code: string }) {
  const words = laterText.value.moves
  return (
    <Screen name="waiting-for-old" title={words.waiting} plainTitle={words.waiting} centred>
      <p class="lead">{words.typeThere}</p>
      <p class="move-code" role="img" aria-label={[...code].join(' ')}>
        {code}
      </p>
      <div class="lower">
        <button type="button" class="plain" onClick={leaveEnrolment}>
          {text.value.notNow}
        </button>
      </div>
    </Screen>
  )
}
