/**
 * The network as the worker under test finds it: whatever it asks for arrives here, in Node. Every address is a box that keeps
 * what was sent to it and answers 201 like a push service, or what the test wants. Tests open a box at `controlHost`.
 */
import { Buffer } from 'node:buffer'
import { type Request, Response } from 'miniflare'
import { type FcmProject, type FcmReply, fcmService } from '../support/push-service-fcm.ts'

const controlHost = 'boxes.test'
/** Where tests open a project of FCM, say what it answers, and see what came. */
const fcmControlHost = 'fcm-control.test'

/** What a box answers, once, in order; then 201 again. `delayMs`: only after this. */
type Reply = { status: number; headers?: Record<string, string>; delayMs?: number }
type Box = {
  received: { method: string; headers: Record<string, string>; body: string }[]
  replies: Reply[]
}

export type FcmAsked = {
  open?: FcmProject
  answerNext?: FcmReply[]
  endTokens?: true
  /** The test's own clock; null goes back to the real one. */
  nowSeconds?: number | null
}

export function network(): (request: Request) => Promise<Response> {
  const boxes = new Map<string, Box>()
  const boxOf = (address: string): Box => {
    let box = boxes.get(address)
    if (!box) boxes.set(address, (box = { received: [], replies: [] }))
    return box
  }
  let clockSeconds: number | null = null
  const fcm = fcmService(() => clockSeconds ?? Math.floor(Date.now() / 1000))
  return async (request) => {
    const url = new URL(request.url)
    if (url.host === fcmControlHost) {
      const project = url.searchParams.get('project') ?? ''
      const asked = (await request.json()) as FcmAsked
      if (asked.open) fcm.open(project, asked.open)
      if (asked.answerNext) fcm.answerNext(project, ...asked.answerNext)
      if (asked.endTokens) fcm.endTokens(project)
      if (asked.nowSeconds !== undefined) clockSeconds = asked.nowSeconds
      return Response.json(fcm.seen(project))
    }
    if (fcm.isOurs(url)) {
      const answer = await fcm.receive(request)
      return new Response(await answer.text(), {
        status: answer.status,
        headers: [...answer.headers],
      })
    }
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
