/**
 * What Cloudflare charges and allows on the Workers Paid plan, in dollars, as published. Included amounts are left out: they are a few
 * dollars a month.
 */
export const prices = {
  // https://developers.cloudflare.com/workers/platform/pricing/ (Standard), read 2026-11-24
  request: 0.3e-6,
  cpuMs: 0.02e-6,
  // https://developers.cloudflare.com/durable-objects/platform/pricing, read 2026-11-24: calls, alarms; duration of 128 MB; rows as in D1
  objectRequest: 0.15e-6,
  objectGbSecond: 12.5e-6,
  objectRowRead: 0.001e-6,
  objectRowWritten: 1e-6,
  // https://developers.cloudflare.com/d1/platform/pricing/, read 2026-11-24
  d1RowRead: 0.001e-6,
  d1RowWritten: 1e-6,
  d1GbMonth: 0.75,
  // https://developers.cloudflare.com/r2/pricing/, read 2026-11-24: class A is a write
  r2Write: 4.5e-6,
  r2GbMonth: 0.015,
} as const

export const limits = {
  // https://developers.cloudflare.com/d1/platform/limits/, read 2026-11-24: 10 GB, not raised; the trail fades from 8 (worker/record/fade.ts)
  databaseBytes: 8e9,
  // The same page: raised on request.
  accountBytes: 1e12,
  // The same page: databases bound to one Worker.
  bindings: 5000,
  // The same page: statements of one run of a Worker.
  statementsPerRun: 1000,
  // https://developers.cloudflare.com/durable-objects/platform/limits/ (questions): a soft limit for one object
  objectRequestsPerSecond: 1000,
} as const

/** What nobody can measure on one machine. Each is an assumption, written into the results. */
export const assumed = {
  /** Seconds from the question to the answer of a person. */
  answerSeconds: 10,
  pollEverySeconds: 0.3,
  longestWaitSeconds: 60,
  /** The busiest second against the day's mean: logins come in the morning. */
  peakFactor: 5,
  /** A database works on one statement after the other. A commit is replicated before it is told: some milliseconds. */
  d1CommitMs: 5,
  d1ReadMs: 1,
  /** An object is awake, and charged, while it waits for D1 and for a push service. */
  d1AwayMs: 40,
  pushMs: 150,
  /** Alarms that ring after a login: its trail in two parts, as the person takes longer than it is gathered; expired, limits lapsed, all forgotten. */
  alarms: 5,
  /** The share of logins that find their object asleep and empty: a person signs in once or twice a day. */
  cold: 1,
  /** gzip makes of the trail's lines. */
  gzip: 0.5,
  /** How long the archive is kept. */
  archiveDays: 365,
} as const
