/** Below an account: the six digits of the moment, under a tap, for when the question cannot reach this device. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverNow } from '../api/clock.ts'
import { type Current, currentCode } from '../codes/current.ts'
import { areTaken } from '../codes/taken.ts'
import type { Codes, Enrolment } from '../keys/database.ts'
import { Icon } from './icon.tsx'
import { laterText } from '../text/later.ts'

export function CodeBelow({ account }: { account: Enrolment }) {
  const words = laterText.value.codes
  const shown = useSignal(false)
  if (account.standing !== 'active' || !account.codes) return null
  const id = `code-${account.serial}`
  return (
    <div class="code-below">
      <button
        type="button"
        class="plain"
        aria-expanded={shown.value}
        aria-controls={id}
        onClick={() => (shown.value = !shown.value)}
      >
        {shown.value ? words.hide : words.show}
      </button>
      <div id={id}>{shown.value && <Shown account={account} codes={account.codes} />}</div>
    </div>
  )
}

function Shown({ account, codes }: { account: Enrolment; codes: Codes }) {
  const words = laterText.value.codes
  const current = useSignal<Current | null | undefined>(undefined)
  useEffect(() => {
    let over = false
    const look = async (): Promise<void> => {
      const now = await currentCode(account, codes, serverNow())
      if (!over) current.value = now
    }
    void look()
    const ticking = setInterval(() => void look(), 1000)
    return () => {
      over = true
      clearInterval(ticking)
    }
  }, [account.deviceId])

  if (!areTaken(account.deviceId)) return <p class="hint">{words.refused}</p>
  if (current.value === undefined) return null
  if (current.value === null) return <p class="hint">{words.lost}</p>
  const { code, secondsLeft } = current.value
  const half = code.length / 2
  return (
    <>
      <p
        class="digits"
        role="img"
        aria-label={`${words.named(account.account)}: ${[...code].join(' ')}`}
      >
        <span>{code.slice(0, half)}</span>
        <span>{code.slice(half)}</span>
      </p>
      <p class="hint">{words.next(secondsLeft)}</p>
      <p class="hint warning">
        <Icon name="warning" />
        <span>{words.warning}</span>
      </p>
    </>
  )
}
