/**
 * What is asked of a directory and what it answers, as plain data: the same whether the Worker asks it itself or a connector beside
 * it does. Passwords go in, and never come out.
 */

import * as v from 'valibot'

/** As a person is called on the wire. */
export const fields = [
  'username',
  'givenname',
  'surname',
  'email',
  'phone',
  'mobile',
  'description',
] as const
export type Field = (typeof fields)[number]

const Text = v.string()
/** check: each is tried until one is right, or the directory says that no more shall be tried. list: patterns with * for anything. */
export const Job = v.variant('do', [
  v.object({ do: v.literal('find'), by: v.picklist(['name', 'uid']), value: Text }),
  v.object({ do: v.literal('check'), uid: Text, passwords: v.array(Text) }),
  v.object({
    do: v.literal('list'),
    patterns: v.partial(v.object(v.entriesFromList([...fields, 'userid'], Text))),
    limit: v.number(),
  }),
  v.object({ do: v.literal('test') }),
])
export type Job = v.InferOutput<typeof Job>

/** uid: what never changes of somebody. barred: still there, and not to be let in. */
export type FoundPerson = Record<Field, string> & { uid: string; barred: boolean }

/** Why a password opened nothing, as far as the directory says so. */
export type Wrong = 'wrong' | 'expired' | 'must_change' | 'locked' | 'gone'

const Person = v.object({
  ...v.entriesFromList(fields, v.pipe(v.string(), v.maxLength(255))),
  uid: v.pipe(v.string(), v.nonEmpty(), v.maxLength(1024)),
  barred: v.boolean(),
})
/**
 * What a connector says is looked at before it is believed. unreachable: no server of it answers · refused: it answers, and will
 * not do it.
 */
export const Done = v.union([
  v.object({ ok: v.literal(true), person: v.nullable(Person) }),
  v.object({
    ok: v.literal(true),
    right: v.nullable(v.number()),
    wrong: v.picklist(['wrong', 'expired', 'must_change', 'locked', 'gone']),
  }),
  v.object({ ok: v.literal(true), people: v.array(Person), cut: v.boolean() }),
  v.object({ ok: v.literal(true), tested: v.string() }),
  v.object({
    ok: v.literal(false),
    reason: v.picklist(['unreachable', 'refused']),
    why: v.string(),
  }),
])

export type Done = v.InferOutput<typeof Done>

/** Whether this is an answer to that at all. */
export const answersTo = (job: Job, done: Done): boolean =>
  !done.ok || { find: 'person', check: 'right', list: 'people', test: 'tested' }[job.do] in done

export type DoneOf<T extends Job> =
  | (T extends { do: 'find' }
      ? { ok: true; person: FoundPerson | null }
      : T extends { do: 'check' }
        ? { ok: true; right: number | null; wrong: Wrong }
        : T extends { do: 'list' }
          ? { ok: true; people: FoundPerson[]; cut: boolean }
          : { ok: true; tested: string })
  | { ok: false; reason: 'unreachable' | 'refused'; why: string }
