/** Every number that both sides must agree on, each with its reason. Settings that an administrator may change are in worker/policy/settings.ts. */

/** The device protocol this code speaks. The server also keeps the previous one; an older page is told 426 and updates. */
export const deviceProtocol = 1
/** Names the protocol version on every /device/ request. */
export const deviceProtocolHeader = 'Countersign-Protocol'

/** A signed request is only good while it travels: long enough for a slow phone, too short to be worth stealing. */
export const signedRequestSeconds = 60

/** 20 random bits in four characters of Crockford base32: what NIST SP 800-63B-4 asks of an out-of-band secret. */
export const codeLength = 4

/** A typed enrolment code: five characters find the enrolment, seven (35 bits) prove it, five tries are allowed. */
export const enrolmentCodeLength = 12
export const enrolmentLocatorLength = 5
export const enrolmentTries = 5

/** No message of ours is near this; a larger body is refused before it is read. */
export const bodyLimitBytes = 64 * 1024

/** A file of tokens: some ten thousand rows of a list. An isolate of 128 MiB holds it, what is read from it, and its JSON. */
export const fileLimitBytes = 4 * 1024 * 1024

/** Push services refuse 4,096 bytes encrypted; over this only the challenge's id travels. */
export const pushPayloadLimitBytes = 3000

/** A device's name is shown in lists and in "Sent to …". */
export const deviceNameLength = 64

/** How long what happened is gathered before it is written to D1 (TRAIL_SECONDS), and at most. */
export const trailSeconds = { usual: 5, most: 60 }
