/**
 * Looks into an owner's object from outside: its rows, its dues, its alarm. It reads and moves what is there; the verbs are the
 * object's own.
 */
import { runInDurableObject } from 'cloudflare:test'
import { dues } from '../../worker/challenge/desk/due.ts'
import type { objectOf } from './object.ts'

export type Inside = Awaited<ReturnType<typeof objectOf>>
export type Row = Record<string, SqlStorageValue>

/** Every table of the object with every row; nothing at all where it has forgotten everything. */
export const tablesOf = ({ stub }: Pick<Inside, 'stub'>): Promise<Record<string, Row[]>> =>
  runInDurableObject(stub, (_, state) => {
    const { sql: database } = state.storage
    const names = database
      .exec<{ name: string }>(
        "select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'",
      )
      .toArray()
    return Object.fromEntries(
      names.map(({ name }) => [name, database.exec<Row>(`select * from "${name}"`).toArray()]),
    )
  })

/** What is due, and when the alarm rings. */
export const agendaOf = ({
  stub,
}: Inside): Promise<{ due: Record<string, number>; alarmAtMs: number | null }> =>
  runInDurableObject(stub, async (_, state) => {
    const { sql } = state.storage
    const hasStorage =
      sql.exec("select 1 from sqlite_master where name = 'txn'").toArray().length > 0
    const due = dues({ sql, hasStorage })
    return {
      due: Object.fromEntries(due.map(({ kind, atMs }) => [kind, atMs])),
      alarmAtMs: await state.storage.getAlarm(),
    }
  })

/**
 * Lets time pass until nothing is due any more, each alarm rung at its time.
 * @returns how often it rang.
 */
export async function untilForgotten(
  object: Inside,
  time: { toMs: (atMs: number) => void },
): Promise<number> {
  for (let rung = 0; rung < 100; rung++) {
    const { alarmAtMs } = await agendaOf(object)
    if (alarmAtMs === null) return rung
    time.toMs(Math.max(alarmAtMs, Date.now()))
    if (!(await object.alarm())) throw new Error('an alarm was set and did not ring')
  }
  throw new Error('the object never came to rest')
}
