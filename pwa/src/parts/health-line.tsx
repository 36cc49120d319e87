/** One line on whether a question can reach this device while the app is closed, and the button that mends it. */
import { useSignal } from '@preact/signals'
import { activeAccounts } from '../device/accounts.ts'
import { permission } from '../device/notifications.ts'
import { pushTrouble, turnOnPush } from '../device/push.ts'
import { pushHealth } from '../device/push-health.ts'
import { serverNow } from '../api/clock.ts'
import { ago, text } from '../text/text.ts'
import { Icon } from './icon.tsx'

/** Outcomes of a push that mean it got to the push service. */
const arrived = (outcome: string): boolean => outcome === 'delivered'

export function HealthLine() {
  const words = text.value.notifications
  const asking = useSignal(false)
  if (activeAccounts.value.length === 0) return null
  const on = activeAccounts.value.every(({ endpoint }) => endpoint !== null)

  // Once blocked, only the browser's own settings can undo it.
  const canAsk = permission.value === 'default' || permission.value === 'granted'

  async function turnOn(): Promise<void> {
    asking.value = true
    await turnOnPush()
    asking.value = false
  }

  return (
    <div class="health">
      <p>
        <Icon name={on ? 'bell' : 'bellOff'} />
        <span>{on ? workingWords() : troubleWords()}</span>
      </p>
      {!on && canAsk && (
        <button type="button" class="plain" disabled={asking.value} onClick={() => void turnOn()}>
          {asking.value ? words.turningOn : words.turnOn}
        </button>
      )}
    </div>
  )
}

function workingWords(): string {
  const words = text.value.notifications
  const last = activeAccounts.value
    .map(({ deviceId }) => pushHealth(deviceId))
    .filter((health) => health?.lastAt !== undefined)
    .toSorted((one, other) => (other?.lastAt ?? 0) - (one?.lastAt ?? 0))[0]
  if (last?.lastAt === undefined || last.lastOutcome === undefined) return words.on
  return arrived(last.lastOutcome) ? words.works(ago(last.lastAt, serverNow())) : words.failing
}

export function troubleWords(): string {
  const words = text.value.notifications
  if (permission.value === 'impossible' || permission.value === 'denied')
    return words[permission.value]
  return pushTrouble.value ? words[pushTrouble.value] : words.off
}
