/** Screens that only say something: one moment; this browser cannot; this version is too old. */
import { applyUpdate, lookForUpdate } from '../device/update.ts'
import { Screen } from '../parts/screen.tsx'
import { text } from '../text/text.ts'

export function Busy({ title }: { title: string }) {
  return (
    <Screen
      name="busy"
      centred
      title={title}
      plainTitle={title}
      above={<span class="turning" aria-hidden="true" />}
    >
      <p class="lead">{text.value.loading}</p>
    </Screen>
  )
}

export function Broken() {
  const { title, body } = text.value.broken
  return (
    <Screen name="broken" centred title={title} plainTitle={title}>
      <p class="lead">{body}</p>
    </Screen>
  )
}

export function Outdated() {
  const words = text.value.update
  async function update(): Promise<void> {
    await lookForUpdate()
    applyUpdate()
  }
  return (
    <Screen name="outdated" centred title={words.neededTitle} plainTitle={words.neededTitle}>
      <p class="lead">{words.neededBody}</p>
      <div class="lower">
        <button type="button" class="primary" onClick={() => void update()}>
          {words.now}
        </button>
      </div>
    </Screen>
  )
}
