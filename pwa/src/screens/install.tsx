/** iOS, in a browser's tab: how to install the app, and the code that carries the invitation over into it. */
import { useSignal } from '@preact/signals'
import type { EnrolmentLookAnswer } from '../../../schema/device.ts'
import { Icon } from '../parts/icon.tsx'
import { HomeScreenPicture } from '../parts/pictures.tsx'
import { Screen } from '../parts/screen.tsx'
import { clockTime, text } from '../text/text.ts'

const grouped = (code: string): string => code.match(/.{1,4}/g)?.join(' ') ?? code

export function Install({ look }: { look: EnrolmentLookAnswer | null }) {
  const words = text.value.install
  const copied = useSignal(false)

  async function copy(code: string): Promise<void> {
    await navigator.clipboard.writeText(code)
    copied.value = true
  }

  return (
    <Screen
      name="install"
      title={words.title}
      plainTitle={words.title}
      above={<HomeScreenPicture />}
    >
      <p class="lead">{words.body}</p>
      <ol class="instructions">
        <li>
          <Icon name="share" />
          <span>{words.share}</span>
        </li>
        <li>
          <Icon name="addHome" />
          <span>{words.add}</span>
        </li>
        <li>
          <Icon name="done" />
          <span>{look ? words.open : words.openOnly}</span>
        </li>
      </ol>
      {look && (
        <section class="carry" aria-labelledby="carry-title">
          <h2 id="carry-title">{words.code}</h2>
          <p class="big-code">{grouped(look.code)}</p>
          <button type="button" class="secondary" onClick={() => void copy(look.code)}>
            {copied.value ? text.value.copied : text.value.copy}
          </button>
          <p class="hint">{words.until(clockTime(look.expiresAt))}</p>
        </section>
      )}
    </Screen>
  )
}
