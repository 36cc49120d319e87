/**
 * What is asked of a directory and what it answers, as plain data: the same whether the Worker asks it itself or a connector beside
 * it does. Passwords go in, and never come out.
 */

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

export type Job =
  | { do: 'find'; by: 'name' | 'uid'; value: string }
  /** Each is tried until one is right, or the directory says that no more shall be tried. */
  | { do: 'check'; uid: string; passwords: string[] }
  /** Patterns in which * stands for anything. */
  | { do: 'list'; patterns: { [field in Field | 'userid']?: string }; limit: number }
  | { do: 'test' }

/** uid: what never changes of somebody. barred: still there, and not to be let in. */
export type FoundPerson = Record<Field, string> & { uid: string; barred: boolean }

/** Why a password opened nothing, as far as the directory says so. */
export type Wrong = 'wrong' | 'expired' | 'must_change' | 'locked' | 'gone'

export type Done =
  | { ok: true; person: FoundPerson | null }
  | { ok: true; right: number | null; wrong: Wrong }
  | { ok: true; people: FoundPerson[]; cut: boolean }
  | { ok: true; tested: string }
  /** unreachable: no server of it answers · refused: it answers, and will not do it. */
  | { ok: false; reason: 'unreachable' | 'refused'; why: string }

export type DoneOf<T extends Job> =
  | (T extends { do: 'find' }
      ? { ok: true; person: FoundPerson | null }
      : T extends { do: 'check' }
        ? { ok: true; right: number | null; wrong: Wrong }
        : T extends { do: 'list' }
          ? { ok: true; people: FoundPerson[]; cut: boolean }
          : { ok: true; tested: string })
  | { ok: false; reason: 'unreachable' | 'refused'; why: string }
