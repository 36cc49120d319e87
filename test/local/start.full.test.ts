/** Every way to end `npm start` from an own folder; start.test.ts has those that people use most. */
import { expect, it } from 'vitest'
import { endAll, freshState, run, startCommand } from './command.ts'
import { begin, endsCleanly, ready } from './start.ts'

it.concurrent.for([
  ['Ctrl-C', startCommand, 'group', 'SIGINT'],
  ['SIGTERM', startCommand, 'leader', 'SIGTERM'],
  ['SIGTERM to npm run serve alone', ['npm', 'run', 'serve'], 'leader', 'SIGTERM'],
] as const)(
  '%s leaves nothing behind, and the folder can be served again',
  async ([_, command, whom, signal]) => {
    const { state, remove } = freshState()
    try {
      await endsCleanly(run([...command], { COUNTERSIGN_STATE: state }), { whom, signal })
      expect(await ready(begin(state))).toContain('http')
    } finally {
      await endAll(state)
      remove()
    }
  },
)
