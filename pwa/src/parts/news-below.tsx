/** Below an account: a device that was added, with the buttons that stop it and that make room for it, and until when this one may not approve. */
import { useSignal } from '@preact/signals'
import type { Newcomer } from '../../../schema/device.ts'
import type { Enrolment } from '../keys/database.ts'
import { serverNow } from '../api/clock.ts'
import { leaveFor, stopNew } from '../moves/calls.ts'
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
        <Added key={added.serial} account={account} added={added} leavesAt={told.leavesAt} />
      ))}
    </>
  )
}

type AddedProps = { account: Enrolment; added: Newcomer; leavesAt: number | undefined }

function Added({ account, added, leavesAt }: AddedProps) {
  const words = laterText.value.moves
  const failed = useSignal<string | null>(null)
  const isHeld = added.heldUntil > serverNow()
  const leaves = leavesAt === added.heldUntil

  async function stop(): Promise<void> {
    const isStopped = await stopNew(account, added.serial)
    failed.value = isStopped ? null : words.failed
    if (isStopped) announce(words.stopped)
  }

  async function goThen(goes: boolean): Promise<void> {
    const isSo = await leaveFor(account, added.serial, goes)
    failed.value = isSo ? null : words.notChanged
    if (isSo) announce(goes ? words.leaves(moment(added.heldUntil)) : words.stays)
  }

  return (
    <section class="attention-box">
      <h3>{words.title}</h3>
      <p>
        {isHeld
          ? words.from(added.name, moment(added.heldUntil))
          : words.already(added.name, moment(added.stoppableUntil))}
      </p>
      {failed.value !== null && <Notice>{failed.value}</Notice>}
      <button type="button" class="secondary danger" onClick={() => void stop()}>
        {words.stop}
      </button>
      {isHeld && leaves && <p>{words.leaves(moment(added.heldUntil))}</p>}
      {isHeld && (leaves || leavesAt === undefined) && (
        <button type="button" class="plain" onClick={() => void goThen(!leaves)}>
          {leaves ? words.stay : words.leave}
        </button>
      )}
    </section>
  )
}
