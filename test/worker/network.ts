/**
 * The network as the worker under test finds it: whatever it asks for arrives here, in Node. Every address is a box that keeps
 * what was sent to it and answers 201 like a push service, or what the test wants. Tests open a box at `controlHost`.
 */
import { Buffer } from 'node:buffer'
import { type Request, Response } from 'miniflare'

const controlHost = 'boxes.test'

/** What a box answers, once, in order; then 201 again. `delayMs`: only after this. */
type Reply = { status: number; headers?: Record<string, string>; delayMs?: number }
type Box = {
  received: { method: string; headers: Record<string, string>; body: string }[]
  replies: Reply[]
}

export function network(): (request: Request) => Promise<Response> {
  const boxes = new Map<string, Box>()
  const boxOf = (address: string): Box => {
    let box = boxes.get(address)
    if (!box) boxes.set(address, (box = { received: [], replies: [] }))
    return box
  }
  return async (request) => {
    const url = new URL(request.url)
    if (url.host === controlHost) {
      const box = boxOf(url.searchParams.get('address') ?? '')
      if (request.method === 'PUT') box.replies = (await request.json()) as Reply[]
      return Response.json(box.received)
    }
    const box = boxOf(url.href)
    const { method } = request
    const body = Buffer.from(await request.arrayBuffer()).toString('base64url')
    box.received.push({ method, headers: Object.fromEntries(request.headers), body })
    const { status, headers = {}, delayMs = 0 } = box.replies.shift() ?? { status: 201 }
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    return new Response(null, { status, headers })
  }
}
