/** Below an account: a device that was added, with the button that stops it, and until when this one may not approve. */
import { useSignal } from '@preact/signals'
import type { Newcomer } from '../../../schema/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { stopNew } from '../moves/calls.ts'
import { news } from '../moves/news.ts'
import { laterText } from '../text/later.ts'
import { clockTime, shortDate } from '../text/text.ts'
import { announce } from './announcer.tsx'
import { Notice } from './notice.tsx'

const moment = (at: number): string => `${shortDate(at)}, ${clockTime(at)}`

export function NewsBelow({ account }: { account: Enrolment }) {
  const told = news.value[account.deviceId]
  if (!told || account.standing !== 'active') return null
  return (
    <>
      {told.heldUntil !== undefined && (
        <p class="hint">{laterText.value.moves.held(moment(told.heldUntil))}</p>
      )}
      {told.newcomers.map((added) => (
        <Added key={added.serial} account={account} added={added} />
      ))}
    </>
  )
}

function Added({ account, added }: { account: Enrolment; added: Newcomer }) {
  const words = laterText.value.moves
  const failed = useSignal(false)

  async function stop(): Promise<void> {
    failed.value = !(await stopNew(account, added.serial))
    if (!failed.value) announce(words.stopped)
  }

  return (
    <section class="attention-box">
      <h3>{words.title}</h3>
      <p>{words.from(added.name, moment(added.heldUntil))}</p>
      {failed.value && <Notice>{words.failed}</Notice>}
      <button type="button" class="secondary danger" onClick={() => void stop()}>
        {words.stop}
      </button>
    </section>
  )
}
