/** The very first screen: what this app does, with a picture. */
import { beginEnrolment } from '../enrolment/steps.ts'
import { AskedPicture } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { text } from '../text/text.ts'

export function Start() {
  const words = text.value.start
  return (
    <Screen
      name="start"
      centred
      title={words.title}
      plainTitle={words.title}
      above={<AskedPicture />}
    >
      <p class="lead">{words.body}</p>
      <div class="lower">
        <button type="button" class="primary" onClick={beginEnrolment}>
          {words.begin}
        </button>
      </div>
    </Screen>
  )
}
