/** Step three: it is done; installing is offered where the browser lets us. */
import { activeAccounts } from '../device/accounts.ts'
import { install, installOffer } from '../device/install.ts'
import { leaveEnrolment } from '../enrolment/steps.ts'
import { Stamp } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { Steps } from '../parts/steps.tsx'
import { go } from '../route.ts'
import { text } from '../text/text.ts'

export function EnrolReady() {
  const words = text.value
  const reached = activeAccounts.value.every(({ endpoint }) => endpoint !== null)
  const leave = (): void => {
    go('')
    leaveEnrolment()
  }
  return (
    <Screen
      name="ready"
      centred
      title={words.enrol.readyTitle}
      plainTitle={words.enrol.readyTitle}
      above={
        <>
          <Steps step={3} />
          <Stamp kind="good" />
        </>
      }
    >
      <p class="lead">{reached ? words.enrol.readyBody : words.enrol.readyOpenBody}</p>
      <div class="lower">
        {installOffer.value && (
          <>
            <p class="hint">{words.install.offerBody}</p>
            <button type="button" class="secondary" onClick={() => void install()}>
              {words.install.offer}
            </button>
          </>
        )}
        <button type="button" class="primary" onClick={leave}>
          {words.done}
        </button>
      </div>
    </Screen>
  )
}
