/** Takes the state folder for one server alone, through guard.ts. A second one is told who has it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { GuardReport, GuardTask, Holder } from './guard.ts'
import { Refusal } from './settings.ts'

export type FolderLock = {
  /** The guard ends this process when we are gone. */
  guard(runtime: number): void
  release(): Promise<void>
  /** Resolves when the guard went away by itself: the folder is then nobody's, and the server must stop. */
  lost: Promise<void>
}

/** @throws Refusal where another server has the folder. */
export async function lockFolder(folder: string, address: string): Promise<FolderLock> {
  const guard = fork(fileURLToPath(new URL('guard.ts', import.meta.url)), [folder, address], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(guard, 'exit')
  const report = await Promise.race([
    once(guard, 'message').then(([message]) => message as GuardReport),
    exited.then(() => null),
  ])
  if (!report) throw new Refusal(`The state folder ${folder} could not be locked (see above).`)
  if (!report.held) throw new Refusal(refusal(folder, report.by))
  let released = false
  return {
    guard: (runtime) => void guard.send({ runtime } satisfies GuardTask),
    async release() {
      released = true
      if (guard.connected) guard.disconnect()
      await exited
    },
    lost: exited.then(() => (released ? new Promise<void>(() => {}) : undefined)),
  }
}

function refusal(folder: string, holder: Holder | null): string {
  if (!holder) return `The state folder ${folder} is in use by another Countersign.`
  const { pid, since, address } = holder
  return `The state folder ${folder} is in use: process ${pid} has served ${address} from it since ${since}. Stop it, or set COUNTERSIGN_STATE to another folder.`
}
