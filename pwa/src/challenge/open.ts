/** The challenges that stand open on this device, verified; what the screens show. Whatever does not verify never gets in. */
import { batch, computed, effect, signal } from '@preact/signals'
import type { ChallengeClaims } from '../../../schema/signing.ts'
import type { State } from '../../../schema/states.ts'
import { serverNowMs } from '../api/clock.ts'
import { fetchChallenge, fetchChallenges } from '../api/device.ts'
import type { Signer } from '../api/sign-request.ts'
import { noteCodes } from '../codes/taken.ts'
import { accountOf, heed, heedSuccess } from '../device/accounts.ts'
import { notePush } from '../device/push-health.ts'
import { readAsked } from '../history/asked.ts'
import { noteNews } from '../moves/news.ts'
import { noteAsked, settle } from '../history/record.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf } from '../keys/enrolments.ts'
import type { Ending } from './answer.ts'
import { verifyChallenge, verifyEnded } from './verify.ts'

/** A challenge that verified. */
export type Prompt = { deviceId: string; challenge: string; jws: string; claims: ChallengeClaims }
/** A prompt that is over, for the screen that says so. */
export type Finished = {
  prompt: Prompt
  how: Ending
  state?: State
}

const held = signal<Prompt[]>([])
/** The server's time in milliseconds, moving once a second while something is open. */
export const now = signal(serverNowMs())
/** Newest first. */
export const prompts = computed(() =>
  held.value.toSorted((one, other) => other.claims.iat - one.claims.iat),
)
/** The one the person chose to look at. */
export const chosen = signal<string | null>(null)
export const finished = signal<Finished | null>(null)

/** A single question is shown at once; of several the person picks. */
export const current = computed(() => {
  const [only, ...others] = prompts.value
  const picked = prompts.value.find((prompt) => prompt.challenge === chosen.value)
  return picked ?? (others.length === 0 ? only : undefined) ?? null
})

// Whoever began to read a question keeps it in front of them when a second one arrives.
effect(() => {
  if (current.value && chosen.peek() === null) chosen.value = current.value.challenge
})

/** A notification may name a question that was over before its click. */
export function forgetStaleChoice(): void {
  if (!held.value.some(({ challenge }) => challenge === chosen.value)) chosen.value = null
}

/**
 * The first list has come. What stood there before it was nobody's choice: where it is one of several now, the person picks.
 * @param named is what they clicked on, and theirs to keep.
 */
export function chooseAgain(named: string | null): void {
  if (held.value.length > 1 && chosen.value !== named) chosen.value = null
  forgetStaleChoice()
}

effect(() => {
  if (held.value.length === 0) return
  const timer = setInterval(tick, 1000)
  return () => clearInterval(timer)
})

function tick(): void {
  now.value = serverNowMs()
  for (const prompt of held.value)
    if (prompt.claims.exp * 1000 <= now.value && !answering.has(prompt.challenge))
      void close(prompt.challenge, 'too_late')
}

type Carried = { challenge: string; jws: string }

/** Challenges that have ended: a list that was on its way meanwhile must not bring them back. */
const over = new Set<string>()
/** Those being answered right now; the answer's own outcome tells more than the news of it. */
const answering = new Set<string>()

const add = (fresh: Prompt[]): void => {
  now.value = serverNowMs()
  const known = new Set([...over, ...held.value.map(({ challenge }) => challenge)])
  held.value = [...held.value, ...fresh.filter(({ challenge }) => !known.has(challenge))]
}

export async function take(account: Enrolment, carried: Carried): Promise<void> {
  const prompt = await believed(account, carried)
  if (prompt) add([prompt])
}

/** What a push brought before anyone looked; the list that follows says whether it still stands. */
export async function takeKept(): Promise<void> {
  const kept = await readAsked().catch(() => [])
  const shown = kept.map(async ({ device, ...carried }) => {
    const account = accountOf(device)
    return account?.standing === 'active' ? believed(account, carried) : null
  })
  add((await Promise.all(shown)).filter((prompt) => prompt !== null))
}

async function believed(account: Enrolment, { challenge, jws }: Carried): Promise<Prompt | null> {
  const claims = await verifyChallenge(account, { challenge, jws })
  if (!claims) return null
  await noteAsked(claims, jws)
  return { deviceId: account.deviceId, challenge, jws, claims }
}

/** @returns whether the server answered. */
export async function refresh(account: Enrolment): Promise<boolean> {
  const { deviceId } = account
  const signer = await signerOf(account)
  if (!signer) return true
  // What comes by socket while the list travels is newer than the list.
  const before = held.value.filter((prompt) => prompt.deviceId === deviceId)
  const list = await fetchChallenges(signer)
  if (!list.ok) {
    await heed(deviceId, list.failure)
    return list.failure.status !== 0 && list.failure.status < 500
  }
  heedSuccess(deviceId)
  noteCodes(deviceId, list.value.codes)
  noteNews(deviceId, list.value)
  notePush(deviceId, list.value.push)
  const pending = list.value.challenges.filter(({ state }) => state === 'pending')
  const known = new Set(held.value.map(({ challenge }) => challenge))
  const fresh = pending.filter(({ challenge }) => !known.has(challenge))
  const believable = await Promise.all(fresh.map((carried) => believed(account, carried)))
  add(believable.filter((prompt) => prompt !== null))
  const listed = new Set(pending.map(({ challenge }) => challenge))
  for (const { challenge } of before) if (!listed.has(challenge)) await askEnding(signer, challenge)
  return true
}

async function askEnding(signer: Signer, challenge: string): Promise<void> {
  const now = await fetchChallenge(signer, challenge)
  if (!now.ok && now.failure.status !== 404) return
  if (now.ok && now.value.state !== 'pending') await closeBy(challenge, now.value.state)
  else if (!now.ok) await close(challenge, 'elsewhere')
}

/** The server says that one is over. */
export async function takeEnded(account: Enrolment, carried: Carried): Promise<void> {
  const claims = await verifyEnded(account, carried)
  if (claims && claims.state !== 'pending') await closeBy(claims.challenge, claims.state)
}

async function closeBy(challenge: string, state: State): Promise<void> {
  if (answering.has(challenge)) return
  await (state === 'expired' ? close(challenge, 'too_late') : close(challenge, 'elsewhere', state))
}

/** While `work` runs, nothing but its outcome takes this prompt away. */
export async function whileAnswering<T>(challenge: string, work: () => Promise<T>): Promise<T> {
  answering.add(challenge)
  try {
    return await work()
  } finally {
    answering.delete(challenge)
  }
}

/** Takes a prompt away; the person who was looking at it is told how it ended. */
export async function close(challenge: string, how: Ending, state?: State): Promise<void> {
  over.add(challenge)
  const prompt = held.value.find((one) => one.challenge === challenge)
  if (!prompt) return
  batch(() => {
    held.value = held.value.filter((one) => one !== prompt)
    if (chosen.value !== challenge) return
    chosen.value = null
    finished.value = state ? { prompt, how, state } : { prompt, how }
  })
  if (how !== 'changed') await settle(challenge, how)
}

export function dropAccount(deviceId: string): void {
  held.value = held.value.filter((prompt) => prompt.deviceId !== deviceId)
}
