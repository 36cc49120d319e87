/** Waits for a program that was just started. */
import { connect } from 'node:net'

/** @throws Error where nothing takes connections there after half a minute. */
export async function answers(port: number, host = '127.0.0.1'): Promise<void> {
  const untilMs = Date.now() + 30_000
  while (!(await takesConnections(port, host))) {
    if (Date.now() > untilMs) throw new Error(`nothing listens on ${host}:${port}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const takesConnections = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.end()
      resolve(true)
    }).on('error', () => resolve(false))
  })
