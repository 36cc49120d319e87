/** Moving to a new phone: the code that it scans. What comes of it is a question on this device. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { encode } from 'uqr'
import type { MoveAnswer } from '../../../schema/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { inviteNew } from '../moves/calls.ts'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { go } from '../route.ts'
import { laterText } from '../text/later.ts'
import { clockTime, text } from '../text/text.ts'

const grouped = (code: string): string => code.match(/.{1,4}/g)?.join(' ') ?? code

export function Move({ account }: { account: Enrolment }) {
  const words = laterText.value.moves
  const made = useSignal<MoveAnswer | null | undefined>(undefined)
  useEffect(() => {
    void inviteNew(account).then((move) => (made.value = move))
  }, [])
  return (
    <Screen
      name="move"
      title={words.move}
      plainTitle={words.move}
      back={{ label: text.value.back, go: () => go('') }}
    >
      <p class="lead">{words.body}</p>
      {made.value === null && <Notice>{words.refused}</Notice>}
      {made.value && (
        <>
          <Qr of={made.value.link} label={words.qr} />
          <p class="hint">{words.orType}</p>
          <p class="move-code">{grouped(made.value.code)}</p>
          <p class="hint">{text.value.install.until(clockTime(made.value.expiresAt))}</p>
        </>
      )}
    </Screen>
  )
}

function Qr({ of, label }: { of: string; label: string }) {
  const { data, size } = encode(of, { ecc: 'M', border: 4 })
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('')
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <path d={path} />
    </svg>
  )
}
