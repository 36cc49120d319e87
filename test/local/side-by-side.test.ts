/** Two servers in one process, as the bench has them. */
import { describe, expect, it } from 'vitest'
import { type Server, serve } from '../../worker/local/serve.ts'
import { freshState, password } from './command.ts'

describe('two servers in one process', () => {
  it('end each by itself, and what one starts the other leaves alone', async () => {
    const folders = [freshState(), freshState()]
    const said: string[] = []
    const servers: Server[] = []
    try {
      for (const { state } of folders)
        servers.push(
          await serve({
            port: 0,
            state,
            adminPassword: password,
            log: ({ message }) => void said.push(message),
          }),
        )
      const [first, second] = servers as [Server, Server]
      const isReady = async ({ listensAt }: Server) =>
        (await fetch(`${listensAt}/healthz/readyz`)).status
      await first.stop()
      // A runtime that was ended from outside would be started again within this time, and be reported.
      await new Promise((resolve) => setTimeout(resolve, 1000))
      expect(said).toEqual([])
      expect(await isReady(second)).toBe(200)
    } finally {
      for (const server of servers) await server.stop()
      for (const { remove } of folders) remove()
    }
  })
})
