/**
 * What the Worker and a connector say to each other. The connector dials; the first message to it is a nonce, its first is the nonce
 * signed. From there on the Worker asks and the connector answers, in parts where there is much.
 */
import * as v from 'valibot'

/** Every JWS has a type of its own. */
export const connectorTyp = {
  enrolment: 'countersign-connector-enrolment+jwt',
  hello: 'countersign-connector-hello+jwt',
} as const

export const ConnectorEnrolment = v.object({
  aud: v.string(),
  code: v.string(),
  label: v.pipe(v.string(), v.maxLength(128)),
})
export const ConnectorHello = v.object({ aud: v.string(), iss: v.string(), nonce: v.string() })

/** RFC 6455 leaves 4000–4999 to applications: this connector is revoked or unknown, do not come back. */
export const connectorRefusedCode = 4401

/** To the connector. */
export const ToConnector = v.union([
  v.object({ nonce: v.string() }),
  v.object({ ready: v.literal(true) }),
  v.object({ n: v.number(), resolver: v.string(), directory: v.unknown(), job: v.unknown() }),
])
/** From it. */
export const FromConnector = v.union([
  v.object({ hello: v.string() }),
  v.object({ n: v.number(), part: v.array(v.unknown()) }),
  v.object({ n: v.number(), done: v.unknown() }),
])
/** So many people go into one message: the platform takes no more than 1 MiB. */
export const peoplePerMessage = 500
export const pingEveryMs = 15_000
/** Without a sign of life for so long, the other side is gone. */
export const silentMs = 40_000
