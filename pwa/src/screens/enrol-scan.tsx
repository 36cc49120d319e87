/** Step one, by camera. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { beginEnrolment, useInvitation } from '../enrolment/steps.ts'
import { Notice } from '../parts/notice.tsx'
import { Screen } from '../parts/screen.tsx'
import { text } from '../text/text.ts'

export function EnrolScan() {
  const words = text.value.enrol
  const video = useRef<HTMLVideoElement>(null)
  const trouble = useSignal<'no_camera' | 'denied' | null>(null)

  useEffect(() => {
    const until = new AbortController()
    void import('../enrolment/scan.ts')
      .then(async ({ scan }) => {
        const found = video.current && (await scan(video.current, until.signal))
        if (found) await useInvitation(found)
      })
      .catch((error: unknown) => {
        const denied = error instanceof Error && error.message === 'denied'
        trouble.value = denied ? 'denied' : 'no_camera'
      })
    return () => until.abort()
  }, [])

  return (
    <Screen
      name="scan"
      title={words.scanTitle}
      plainTitle={words.scanTitle}
      back={{ label: text.value.back, go: beginEnrolment }}
    >
      <p class="lead">{words.scanBody}</p>
      {trouble.value === null ? (
        <div class="viewfinder">
          <video ref={video} muted playsInline aria-label={words.scanTitle} />
        </div>
      ) : (
        <>
          <Notice>{trouble.value === 'denied' ? words.cameraDenied : words.noCamera}</Notice>
          <div class="lower">
            <button type="button" class="primary" onClick={beginEnrolment}>
              {text.value.back}
            </button>
          </div>
        </>
      )}
    </Screen>
  )
}
