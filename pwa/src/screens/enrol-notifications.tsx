/** Step two: why a notification, then the browser's own question, then plainly what came of it. */
import { useSignal } from '@preact/signals'
import { permission } from '../device/notifications.ts'
import { putOffPush, turnOnPush } from '../device/push.ts'
import { step } from '../enrolment/steps.ts'
import { troubleWords } from '../parts/health-line.tsx'
import { Notice } from '../parts/notice.tsx'
import { BellPicture } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { Steps } from '../parts/steps.tsx'
import { text } from '../text/text.ts'

export function EnrolNotifications() {
  const words = text.value.notifications
  const asking = useSignal(false)
  const failed = useSignal(false)
  const onward = (): void => {
    step.value = { at: 'ready' }
  }
  const notNow = (): void => {
    void putOffPush()
    onward()
  }

  async function turnOn(): Promise<void> {
    asking.value = true
    failed.value = false
    const state = await turnOnPush()
    asking.value = false
    if (state === 'subscribed') onward()
    else failed.value = true
  }

  const hopeless =
    failed.value && (permission.value === 'denied' || permission.value === 'impossible')
  return (
    <Screen
      name="notifications"
      centred
      title={words.title}
      plainTitle={words.title}
      above={
        <>
          <Steps step={2} />
          <BellPicture />
        </>
      }
    >
      <p class="lead">{words.body}</p>
      {failed.value && <Notice>{troubleWords()}</Notice>}
      <div class="lower">
        {!hopeless && (
          <button
            type="button"
            class="primary"
            disabled={asking.value}
            onClick={() => void turnOn()}
          >
            {asking.value ? words.turningOn : words.turnOn}
          </button>
        )}
        <button
          type="button"
          class={hopeless ? 'primary' : 'plain'}
          disabled={asking.value}
          onClick={failed.value ? onward : notNow}
        >
          {failed.value ? text.value.carryOn : text.value.notNow}
        </button>
      </div>
    </Screen>
  )
}
