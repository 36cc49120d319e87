/** Keeps the open challenges of every account current: by socket, and by asking every few seconds where none can be had. */
import { effect, signal } from '@preact/signals'
import { accountOf, activeAccounts, reloadAccounts } from '../device/accounts.ts'
import type { Enrolment } from '../keys/database.ts'
import { mark, signerOf } from '../keys/enrolments.ts'
import { dropAccount, refresh, take, takeEnded } from './open.ts'
import { holdSocket } from './socket.ts'

/** Short enough for someone who waits at a login, long enough to ask all day. */
const pollEveryMs = 3000

/** Whether the server could be reached when it was last tried. */
export const reachable = signal(true)

/** Device id → how to let go of its line. */
const lines = new Map<string, () => void>()
const withLine = new Set<string>()

export function watch(): void {
  effect(() => {
    const wanted = new Set(activeAccounts.value.map(({ deviceId }) => deviceId))
    for (const [deviceId, release] of lines) if (!wanted.has(deviceId)) unwatch(deviceId, release)
    for (const account of activeAccounts.value)
      if (!lines.has(account.deviceId)) watchAccount(account)
  })
  setInterval(() => void poll(), pollEveryMs)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void refreshAll()
  })
}

export async function refreshAll(): Promise<void> {
  const asked = await Promise.all(activeAccounts.value.map(refresh))
  if (asked.length > 0) reachable.value = asked.some(Boolean)
}

export async function refreshOne(deviceId: string): Promise<void> {
  const account = accountOf(deviceId)
  if (account?.standing === 'active') reachable.value = await refresh(account)
}

let polling = false
async function poll(): Promise<void> {
  if (polling || document.visibilityState !== 'visible') return
  const without = activeAccounts.value.filter(({ deviceId }) => !withLine.has(deviceId))
  if (without.length === 0) return
  polling = true
  try {
    reachable.value = (await Promise.all(without.map(refresh))).some(Boolean)
  } finally {
    polling = false
  }
}

function watchAccount(account: Enrolment): void {
  const { deviceId } = account
  let released = false
  lines.set(deviceId, () => {
    released = true
  })
  void signerOf(account).then((signer) => {
    if (!signer || released) return
    const release = holdSocket(signer, {
      onOpen() {
        withLine.add(deviceId)
        reachable.value = true
        void refreshOne(deviceId)
      },
      onDown(retired) {
        withLine.delete(deviceId)
        if (retired) void mark(deviceId, 'retired').then(reloadAccounts)
      },
      onMessage(message) {
        const current = accountOf(deviceId) ?? account
        if (message.type === 'challenge') void take(current, message)
        else if (message.type === 'ended') void takeEnded(current, message)
        else void refreshOne(deviceId)
      },
    })
    lines.set(deviceId, release)
  })
}

function unwatch(deviceId: string, release: () => void): void {
  release()
  lines.delete(deviceId)
  withLine.delete(deviceId)
  dropAccount(deviceId)
}
