/** The challenges that stand open on this device, verified; what the screens show. Whatever does not verify never gets in. */
import { computed, effect, signal } from '@preact/signals'
import type { ChallengeClaims } from '../../../schema/signing.ts'
import type { State } from '../../../schema/states.ts'
import { serverNowMs } from '../api/clock.ts'
import { fetchChallenges } from '../api/device.ts'
import { heed } from '../device/accounts.ts'
import { notePush } from '../device/push-health.ts'
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
export const prompts = computed(() => held.value.toSorted((one, other) => other.claims.iat - one.claims.iat))
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
  if (current.value) chosen.value = current.value.challenge
})

effect(() => {
  if (held.value.length === 0) return
  const timer = setInterval(tick, 1000)
  return () => clearInterval(timer)
})

function tick(): void {
  now.value = serverNowMs()
  for (const prompt of held.value)
    if (prompt.claims.exp * 1000 <= now.value) void close(prompt.challenge, 'too_late')
}

type Carried = { challenge: string; jws: string }

export async function take(account: Enrolment, carried: Carried): Promise<void> {
  const prompt = await believed(account, carried)
  if (prompt && !held.value.some((other) => other.challenge === prompt.challenge)) {
    now.value = serverNowMs()
    held.value = [...held.value, prompt]
  }
}

async function believed(account: Enrolment, { challenge, jws }: Carried): Promise<Prompt | null> {
  const claims = await verifyChallenge(account, { challenge, jws })
  if (!claims) return null
  await noteAsked(account.deviceId, claims)
  return { deviceId: account.deviceId, challenge, jws, claims }
}

/** @returns whether the server could be asked. */
export async function refresh(account: Enrolment): Promise<boolean> {
  const signer = await signerOf(account)
  if (!signer) return false
  const list = await fetchChallenges(signer)
  if (!list.ok) {
    await heed(account.deviceId, list.failure)
    return false
  }
  notePush(account.deviceId, list.value.push)
  const pending = list.value.challenges.filter(({ state }) => state === 'pending')
  const known = (await Promise.all(pending.map((carried) => believed(account, carried)))).filter(
    (prompt) => prompt !== null,
  )
  const listed = new Set(known.map(({ challenge }) => challenge))
  const gone = held.value.filter((one) => one.deviceId === account.deviceId && !listed.has(one.challenge))
  now.value = serverNowMs()
  held.value = [...held.value.filter((one) => one.deviceId !== account.deviceId), ...known]
  for (const prompt of gone) if (chosen.value === prompt.challenge) show(prompt, 'elsewhere')
  return true
}

/** The server says that one is over. */
export async function takeEnded(account: Enrolment, carried: Carried): Promise<void> {
  const claims = await verifyEnded(account, carried)
  if (!claims || claims.state === 'pending') return
  if (claims.state === 'expired') await close(claims.challenge, 'too_late')
  else await close(claims.challenge, 'elsewhere', claims.state)
}

/** Takes a prompt away; the person who was looking at it is told how it ended. */
export async function close(challenge: string, how: Ending, state?: State): Promise<void> {
  const prompt = held.value.find((one) => one.challenge === challenge)
  if (!prompt) return
  held.value = held.value.filter((one) => one !== prompt)
  if (chosen.value === challenge) show(prompt, how, state)
  if (how !== 'changed') await settle(challenge, how)
}

function show(prompt: Prompt, how: Ending, state?: State): void {
  chosen.value = null
  finished.value = state ? { prompt, how, state } : { prompt, how }
}

export function dropAccount(deviceId: string): void {
  held.value = held.value.filter((prompt) => prompt.deviceId !== deviceId)
}
