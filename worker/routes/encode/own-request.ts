/** What a person reads of a request in their name, at /me: never a code, and no id by which a login can be followed or ended. */
import { sha256 } from '../../../schema/encoding.ts'
import type { PastRequest } from '../../challenge/desk/past.ts'
import { isReported } from '../../challenge/desk/report.ts'

export const ownRequests = (asked: PastRequest[]) =>
  Promise.all(
    asked.map(async (one) => ({
      id: await sha256(one.transactionId),
      asked_at: one.madeAt,
      // What we ask for ourselves is no application's.
      application: one.application.startsWith('/') ? null : one.applicationName,
      purpose: purposes[one.application] ?? 'login',
      origin: one.about.origin,
      ...(one.about.newDevice && { new_device: one.about.newDevice.name }),
      outcome: one.outcome,
      device: one.answeredBy === null ? null : { serial: one.answeredBy, name: one.deviceName },
      reported: isReported(one),
    })),
  )

const purposes: Record<string, string> = { '/auth': 'self', '/move': 'move' }
