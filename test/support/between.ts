/**
 * Someone between browser and server: passes everything on, WebSockets too, and changes what a test wants changed. The
 * deployment behind it has its address as PUBLIC_URL, so to browsers it is the deployment.
 */
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Between = {
  url: string
  /** Where the server listens on this machine. */
  passOnTo(port: number): void
  /** What takes the place of the answer's text, by path. */
  change: Map<string, (text: string) => string>
  close(): Promise<void>
}

export async function startBetween(): Promise<Between> {
  const change: Between['change'] = new Map()
  let port = 0
  const server = createServer(
    (incoming, outgoing) => void pass(incoming, outgoing, { port, change }),
  )
  const sockets = new Set<Socket>()
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const onward = connect(port, '127.0.0.1')
    for (const end of [socket, onward]) {
      sockets.add(end)
      end.on('error', () => end.destroy())
      end.on('close', () => sockets.delete(end))
    }
    const headers = incoming.rawHeaders
      .map((text, at) => text + (at % 2 === 0 ? ': ' : '\r\n'))
      .join('')
    onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`)
    onward.write(head)
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    passOnTo(target) {
      port = target
    },
    change,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Onward = { port: number; change: Between['change'] }

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { port, change }: Onward,
): Promise<void> {
  const { method, url: path = '/', headers } = incoming
  const changing = change.get(path)
  // A cached or compressed answer could not be changed.
  const { 'accept-encoding': _, 'if-none-match': __, ...plain } = headers
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: changing ? plain : headers,
  })
  sent.on('error', () => outgoing.writeHead(502).end())
  sent.on('response', async (answer) => {
    const { 'content-length': length, ...answered } = answer.headers
    if (!changing) {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      return
    }
    const text = changing((await buffer(answer)).toString())
    outgoing.writeHead(answer.statusCode ?? 502, answered).end(text)
  })
  incoming.pipe(sent)
}
