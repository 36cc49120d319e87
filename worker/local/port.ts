/** Finds out before anything starts whether the address can be listened on, and says in a sentence why not. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Refusal } from './settings.ts'

const sentences: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} on ${host} is taken by another program. Stop it, or choose another: PORT=${port + 1} npm start.`,
  EACCES: (_host, port) => `This user may not listen on port ${port}. Choose one above 1023.`,
  EADDRNOTAVAIL: (host) => `HOST ${host} is not an address of this machine.`,
}

/** @returns the port, or a free one where 0 is asked for. @throws Refusal */
export async function freePort(host: string, port: number): Promise<number> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Refusal(sentences[code]?.(host, port) ?? message)
  } finally {
    server.close()
  }
}
