/** Between the account and the notifications, where approvals ask for it: add a fingerprint, a face or a PIN. */
import { useSignal } from '@preact/signals'
import { accountOf } from '../device/accounts.ts'
import { afterVerifier } from '../enrolment/steps.ts'
import type { VerifierTrouble } from '../enrolment/verifier.ts'
import { Notice } from '../parts/notice.tsx'
import { FingerPicture } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { Steps } from '../parts/steps.tsx'
import { text } from '../text/text.ts'

export function EnrolVerifier({ deviceId }: { deviceId: string }) {
  const words = text.value.verifier
  const asking = useSignal(false)
  const trouble = useSignal<VerifierTrouble | null>(null)

  async function add(): Promise<void> {
    const account = accountOf(deviceId)
    if (!account) return
    asking.value = true
    const { registerVerifier } = await import('../enrolment/verifier.ts')
    trouble.value = await registerVerifier(account).catch(() => 'refused' as const)
    asking.value = false
    if (trouble.value === null) await afterVerifier()
  }

  return (
    <Screen
      name="verifier"
      centred
      title={words.title}
      plainTitle={words.title}
      above={
        <>
          <Steps step={1} />
          <FingerPicture />
        </>
      }
    >
      <p class="lead">{words.body}</p>
      {trouble.value && <Notice>{words.troubles[trouble.value]}</Notice>}
      <div class="lower">
        <button type="button" class="primary" disabled={asking.value} onClick={() => void add()}>
          {asking.value ? words.adding : words.add}
        </button>
        {trouble.value && (
          <button type="button" class="plain" onClick={() => void afterVerifier()}>
            {words.without}
          </button>
        )}
      </div>
    </Screen>
  )
}
