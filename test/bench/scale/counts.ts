/** What counting-worker.ts counts. */
export type Counted = {
  requests: number
  objectCalls: number
  /** Of calls that do not wait for a person. */
  objectMs: number
  alarmsSet: number
  /** Batches and single statements: each is one commit or one read. */
  d1Trips: number
  d1Statements: number
  d1Read: number
  d1Written: number
  pushes: number
}
/** d1: rows written to each database that was written to. */
export type Counts = Counted & { objectRead: number; objectWritten: number; d1: number[] }
