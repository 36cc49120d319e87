/**
 * A process of its own that holds many callers who wait, each on a connection of its own. It opens them some at a time, says when all
 * of them wait, and afterwards what each was told. Sockets and not an HTTP client: ten thousand of those would be what is measured.
 */
import { connect } from 'node:net'

/** `request` is the whole text that is sent. */
export type Caller = { port: number; request: string }
export type ToCallers = Caller[]
/** `waiting`: all of them have the beginning of an answer. `told`: all answers have ended. */
export type FromCallers = { waiting: number } | { told: string[]; wrong: string[] }

const openedAtOnce = 32

const say = (message: FromCallers) => process.send!(message)

/** Resolves with the end of the whole answer; `begins` is called once its head is there. */
function call({ port, request }: Caller, begins: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\r\n\r\n')) begins()
    })
    socket.on('end', () => {
      socket.end()
      resolve(text)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection broke: ${text.slice(0, 200)}`)))
  })
}

async function holdAll(callers: ToCallers): Promise<void> {
  const told: string[] = []
  const wrong: string[] = []
  const ends: Promise<unknown>[] = []
  let waiting = 0
  let next = 0
  async function opener(): Promise<void> {
    for (let at = next++; at < callers.length; at = next++)
      await new Promise<void>((resolve) => {
        let begun = false
        const begins = () => {
          if (begun) return
          begun = true
          waiting++
          resolve()
        }
        const end = call(callers[at]!, begins).then(
          (text) => (text.startsWith('HTTP/1.1 200 ') ? (told[at] = text) : wrong.push(text)),
          (error: unknown) => wrong.push(String(error)),
        )
        ends.push(end.then(() => resolve()))
      })
  }
  await Promise.all(Array.from({ length: openedAtOnce }, opener))
  say({ waiting })
  await Promise.all(ends)
  say({ told, wrong })
}

process.on('message', (message) => void holdAll(message as ToCallers))
