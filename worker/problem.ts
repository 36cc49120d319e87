/**
 * Every way to refuse a request, with its status, privacyIDEA's error code and its words: one table. Rooms raise a
 * `Refusal` with the reason and the evidence; the surface that was called decides how it looks on the wire.
 */

export type Failure =
  | { reason: 'missing_parameter'; field: string }
  | { reason: 'bad_parameter'; field: string; mend: string }
  | { reason: 'malformed_body'; mend: string }
  | { reason: 'body_too_large'; limitBytes: number }
  | { reason: 'file_empty' }
  | { reason: 'file_not_text' }
  | { reason: 'file_type_unknown'; type: string; known: readonly string[] }
  | { reason: 'key_length' }
  | { reason: 'import_refused'; why: string }
  | { reason: 'not_found' }
  | { reason: 'user_or_serial_needed' }
  | { reason: 'user_not_found' }
  | { reason: 'user_exists' }
  | { reason: 'realm_not_found' }
  | { reason: 'unknown_realm' }
  | { reason: 'resolver_not_found'; resolver: string }
  | { reason: 'resolver_in_realm'; resolver: string; realm: string }
  | { reason: 'resolver_read_only'; resolver: string }
  | { reason: 'directory_unavailable'; resolver: string }
  | { reason: 'connector_unknown' }
  | { reason: 'connector_code_refused' }
  | { reason: 'serial_not_found' }
  | { reason: 'token_revoked' }
  | { reason: 'token_assigned' }
  | { reason: 'token_not_assigned' }
  | { reason: 'too_many_tokens'; of: 'user' | 'realm'; type?: string; active?: boolean }
  | { reason: 'pin_refused'; why: string }
  | { reason: 'token_type_unknown'; type: string; known: readonly string[] }
  | { reason: 'random_pin_unset'; scope: string }
  | { reason: 'policy_not_found' }
  | { reason: 'policy_conflict'; policies: string[] }
  | { reason: 'no_authorization' }
  | { reason: 'bad_session'; why: string }
  | { reason: 'session_expired' }
  | { reason: 'wrong_password' }
  | { reason: 'username_missing' }
  | { reason: 'unknown_login_realm'; realm: string }
  | { reason: 'customer_unknown'; customer: string; field: string }
  | { reason: 'role_missing' }
  | { reason: 'action_denied'; role: 'Admin' | 'User'; action: string }
  | { reason: 'factor_needed' }
  | { reason: 'factor_stale' }
  | { reason: 'approval_needed'; asked: ApprovalAsked }
  | { reason: 'approval_refused'; state: string }
  | { reason: 'approval_impossible'; why: string }
  | { reason: 'device_not_own' }
  | { reason: 'last_administrator' }
  | { reason: 'right_missing'; right: string }
  | { reason: 'api_key_required' }
  | { reason: 'no_api_key' }
  | { reason: 'tokentype_refused' }
  | { reason: 'serial_refused' }
  | { reason: 'not_authorized' }
  | { reason: 'api_key_refused' }
  | { reason: 'network_refused' }
  | { reason: 'application_not_found' }
  | { reason: 'application_refused' }
  | { reason: 'webhook_not_found' }
  | { reason: 'message_not_found' }
  | { reason: 'gateway_not_found' }
  | { reason: 'too_many_requests'; retryAfterSeconds: number; what: string }
  | { reason: 'idempotency_conflict' }
  | { reason: 'unknown_transaction' }
  | { reason: 'not_pending' }
  | { reason: 'request_unknown' }
  | { reason: 'push_impossible' }
  | { reason: 'trial_unknown' }
  // the device's side
  | { reason: 'protocol_too_old' }
  | { reason: 'signature_refused'; field: string }
  | { reason: 'clock_skew' }
  | { reason: 'replayed' }
  | { reason: 'unknown_device' }
  | { reason: 'device_retired' }
  | { reason: 'device_locked' }
  | { reason: 'device_held'; untilAt?: number }
  | { reason: 'move_not_granted' }
  | { reason: 'move_refused' }
  | { reason: 'newcomer_unknown' }
  | { reason: 'unknown_challenge' }
  | { reason: 'challenge_mismatch' }
  | { reason: 'verification_required' }
  | { reason: 'verification_refused' }
  | { reason: 'verifier_not_now' }
  | { reason: 'enrolment_unknown' }
  | { reason: 'enrolment_expired' }
  | { reason: 'enrolment_spent' }
  | { reason: 'push_host_refused'; host: string }
  | { reason: 'origin_refused' }
  // the stock phone's side
  | { reason: 'enrolment_policy_missing' }
  | { reason: 'not_waiting' }
  | { reason: 'wrong_credential' }
  | { reason: 'missing_parameters' }
  | { reason: 'phone_signature' }
  | { reason: 'phone_timestamp'; timestamp: string; why: 'form' | 'range' }
  | { reason: 'polling_denied' }
  // in the words of OAuth 2.0 and OpenID Connect
  | { reason: 'oauth'; error: OAuthError; why: string }
  // a page that a person reads
  | { reason: 'page_gone' }
  | { reason: 'unavailable' }
  | { reason: 'internal' }

/** Of RFC 6749, 7009, 9101, 9126, 9396, OpenID Connect Core and CIBA Core, with the status that each goes out with. */
export const oauthErrors = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_token: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_request_object: 400,
  invalid_request_uri: 400,
  invalid_authorization_details: 400,
  access_denied: 400,
  login_required: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  transaction_failed: 400,
  expired_login_hint_token: 400,
  unknown_user_id: 400,
  missing_user_code: 400,
  invalid_user_code: 400,
  invalid_binding_message: 400,
} as const
export type OAuthError = keyof typeof oauthErrors

/** What an administrator's device was asked before an act, so that the call can be made again with it. */
export type ApprovalAsked = {
  transaction_id: string
  /** The code to type on the device. */
  presence_answer: string | null
  act: string
  expires_at: number
  sent_to: string[]
  notified: boolean
}

export type Reason = Failure['reason']

/** status: HTTP. code: privacyIDEA's. detail: what is wrong and how to mend it. field: which input is to blame. */
export type Shown = {
  status: number
  code: number
  detail: string
  field?: string
  headers?: Record<string, string>
  /** What the caller needs to go on. */
  more?: Record<string, unknown>
}

export class Refusal extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.reason)
    this.failure = failure
  }
}

export function refuse(failure: Failure): never {
  throw new Refusal(failure)
}

/** The one table. A new reason does not compile until it is here. */
export function show(failure: Failure): Shown {
  switch (failure.reason) {
    case 'missing_parameter':
      return {
        status: 400,
        code: 905,
        detail: `Missing parameter: '${failure.field}'`,
        field: failure.field,
      }
    case 'bad_parameter':
      return {
        status: 400,
        code: 905,
        detail: `Parameter '${failure.field}' ${failure.mend}`,
        field: failure.field,
      }
    case 'malformed_body':
      return { status: 400, code: 905, detail: `The body ${failure.mend}`, field: 'body' }
    case 'body_too_large':
      return {
        status: 413,
        code: 905,
        detail: `The body is larger than ${failure.limitBytes / 1024} KiB`,
        field: 'body',
      }
    case 'file_empty':
      return {
        status: 400,
        code: 905,
        detail: 'Error loading token file. File empty!',
        field: 'file',
      }
    case 'file_not_text':
      return {
        status: 400,
        code: 905,
        detail: 'Unable to convert file contents. Binary data is not supported',
        field: 'file',
      }
    case 'file_type_unknown':
      return {
        status: 400,
        code: 301,
        detail: `Unknown file type: '${failure.type}'. Supported file types are: ${failure.known.join(', ')}`,
        field: 'type',
      }
    case 'key_length':
      return {
        status: 400,
        code: 301,
        detail: 'The Pre Shared Key must be 128 Bit hex encoded. It must be 32 characters long!',
        field: 'psk',
      }
    case 'import_refused':
      return { status: 400, code: 304, detail: failure.why, field: 'file' }
    case 'not_found':
      return { status: 404, code: 601, detail: 'There is nothing at this path for this method.' }
    case 'user_or_serial_needed':
      return {
        status: 400,
        code: 905,
        detail: 'You need to specify a serial, user or credential_id.',
        field: 'user',
      }
    case 'user_not_found':
      return {
        status: 400,
        code: 904,
        detail: 'The user can not be found in any resolver in this realm!',
        field: 'user',
      }
    case 'user_exists':
      return {
        status: 400,
        code: 905,
        detail: 'A user of this name exists in this realm.',
        field: 'user',
      }
    case 'realm_not_found':
      return { status: 400, code: 905, detail: 'This realm does not exist.', field: 'realm' }
    case 'unknown_realm':
      return {
        status: 404,
        code: 601,
        detail: 'The requested Realm could not be found.',
        field: 'realm',
      }
    case 'resolver_not_found':
      return {
        status: 400,
        code: 904,
        detail: `The resolver '${failure.resolver}' does not exist!`,
        field: 'resolver',
      }
    case 'resolver_in_realm':
      return {
        status: 400,
        code: 8,
        detail: `The resolver '${failure.resolver}' is still contained in realm '${failure.realm}'.`,
        field: 'resolver',
      }
    case 'resolver_read_only':
      return {
        status: 400,
        code: 905,
        detail: `The resolver '${failure.resolver}' is a directory: its people are changed there.`,
        field: 'resolver',
      }
    case 'connector_unknown':
      return { status: 404, code: 601, detail: 'There is no such connector here.', field: 'id' }
    case 'connector_code_refused':
      return {
        status: 403,
        code: 905,
        detail: 'This code is wrong, used or out of date. An administrator makes another.',
        field: 'code',
      }
    case 'directory_unavailable':
      return {
        status: 503,
        code: 905,
        detail: `The directory '${failure.resolver}' cannot be asked now. Try again shortly.`,
        headers: { 'Retry-After': '5' },
      }
    case 'serial_not_found':
      return {
        status: 404,
        code: 601,
        detail: 'The requested token could not be found.',
        field: 'serial',
      }
    case 'token_revoked':
      return {
        status: 400,
        code: 1007,
        detail: 'This action is not possible, since the token is locked',
      }
    case 'token_assigned':
      return {
        status: 400,
        code: 1103,
        detail: 'Token already assigned to another user. Unassign it first.',
        field: 'serial',
      }
    case 'token_not_assigned':
      return {
        status: 400,
        code: 2017,
        detail: 'You can only define a lost token for an assigned token.',
        field: 'serial',
      }
    case 'too_many_tokens':
      return {
        status: 403,
        code: 303,
        detail:
          failure.of === 'realm'
            ? 'The number of tokens in this realm is limited!'
            : `The number of ${failure.active ? 'active ' : ''}tokens ${failure.type ? `of type ${failure.type} ` : ''}for this user is limited!`,
      }
    case 'token_type_unknown':
      return {
        status: 400,
        code: 1610,
        detail: `unknown token type '${failure.type.slice(0, 40)}'. Supported types are: ${failure.known.join(', ')}`,
        field: 'type',
      }
    case 'random_pin_unset':
      return {
        status: 400,
        code: 301,
        detail: `You need to specify a policy 'otp_pin_set_random' in scope ${failure.scope}.`,
      }
    case 'pin_refused':
      return { status: 403, code: 303, detail: failure.why, field: 'pin' }
    case 'policy_not_found':
      return {
        status: 404,
        code: 601,
        detail: 'The requested Policy could not be found.',
        field: 'name',
      }
    case 'policy_conflict':
      return {
        status: 403,
        code: 303,
        detail: `There are policies with conflicting actions: [${failure.policies.map((name) => `'${name}'`).join(', ')}]`,
      }
    case 'no_authorization':
      return {
        status: 401,
        code: 4033,
        detail: 'Authentication failure. Missing Authorization header.',
      }
    case 'bad_session':
      return {
        status: 401,
        code: 4304,
        detail: `Authentication failure. Error during decoding your token: ${failure.why}`,
      }
    case 'session_expired':
      return {
        status: 401,
        code: 4305,
        detail: 'Authentication failure. Your token has expired: Signature has expired',
      }
    case 'wrong_password':
      return { status: 401, code: 4031, detail: 'Authentication failure. Wrong credentials' }
    case 'username_missing':
      return {
        status: 401,
        code: 4032,
        detail: 'Authentication failure. Missing Username',
        field: 'username',
      }
    case 'unknown_login_realm':
      return {
        status: 401,
        code: 4031,
        detail: `Authentication failure. Unknown realm: ${failure.realm}.`,
        field: 'realm',
      }
    case 'customer_unknown':
      return {
        status: 401,
        code: 4031,
        detail: `Authentication failure. No customer of this server is called ${failure.customer}.`,
        field: failure.field,
      }
    case 'role_missing':
      return {
        status: 401,
        code: 4306,
        detail:
          "Authentication failure. You do not have the necessary role (['admin']) to access this resource!",
      }
    case 'action_denied':
      return { status: 403, code: 303, detail: deniedAction(failure) }
    case 'factor_needed':
      return {
        status: 403,
        code: 303,
        detail:
          'A password alone does not allow this. Ask an administrator for a device, and sign in with it.',
      }
    case 'factor_stale':
      return {
        status: 403,
        code: 303,
        detail: 'This needs an approval of the last 15 minutes. Sign in again.',
      }
    case 'approval_needed':
      return {
        status: 403,
        code: 303,
        detail: `This needs an approval on your device: ${failure.asked.act}. Send the same request again with Countersign-Approval: ${failure.asked.transaction_id}`,
        more: failure.asked,
      }
    case 'approval_refused':
      return {
        status: 403,
        code: 303,
        detail: `This approval does not allow this request: it is ${failure.state}.`,
        field: 'Countersign-Approval',
      }
    case 'approval_impossible':
      return {
        status: 403,
        code: 303,
        detail: `The device of this account cannot be asked: ${failure.why}. Another administrator can reset or delete it.`,
      }
    case 'device_not_own':
      return {
        status: 403,
        code: 303,
        detail: 'Administrators enrol devices for their own account, signed in with it.',
        field: 'account',
      }
    case 'last_administrator':
      return {
        status: 403,
        code: 303,
        detail: 'The last administrator cannot be removed. Make another one first.',
      }
    case 'right_missing':
      return {
        status: 403,
        code: 303,
        detail: `You do not have the right '${failure.right}'. Ask an administrator for it.`,
      }
    case 'api_key_required':
      return {
        status: 401,
        code: 4033,
        detail:
          'Authentication failure. This server answers known applications only: send X-API-Key or Authorization.',
      }
    case 'no_api_key':
      return { status: 403, code: 303, detail: 'No valid API key was passed.' }
    case 'tokentype_refused':
      return { status: 403, code: 303, detail: 'Tokentype not allowed for authentication!' }
    case 'serial_refused':
      return { status: 403, code: 303, detail: 'Serial is not allowed for authentication!' }
    case 'not_authorized':
      return {
        status: 400,
        code: 401,
        detail: 'User is not authorized to authenticate under these conditions.',
      }
    case 'api_key_refused':
      return {
        status: 401,
        code: 4304,
        detail: 'Authentication failure. X-API-Key is not valid.',
        field: 'X-API-Key',
      }
    case 'network_refused':
      return {
        status: 403,
        code: 303,
        detail: 'This credential may not be used from this address.',
      }
    case 'application_not_found':
      return { status: 404, code: 601, detail: 'There is no such application, key or account.' }
    case 'request_unknown':
      return {
        status: 404,
        code: 905,
        detail: 'Nothing of the kind was asked of you lately. GET /me/requests has what was.',
        field: 'id',
      }
    case 'push_impossible':
      return {
        status: 409,
        code: 905,
        detail:
          'No notification can be sent to this device: it is not in force, or has not allowed any.',
      }
    case 'trial_unknown':
      return { status: 404, code: 905, detail: 'Nothing of the kind was tried lately.' }
    case 'webhook_not_found':
      return { status: 404, code: 601, detail: 'There is no such webhook of this application.' }
    case 'message_not_found':
      return { status: 404, code: 601, detail: 'There is no such message of this application.' }
    case 'gateway_not_found':
      return {
        status: 404,
        code: 601,
        detail: 'The requested SMSGateway could not be found.',
        field: 'name',
      }
    case 'application_refused':
      return {
        status: 403,
        code: 303,
        detail:
          'This credential speaks for one application and manages no other. Ask an administrator.',
      }
    case 'too_many_requests':
      return {
        status: 429,
        code: 905,
        detail: `Too many ${failure.what}. Try again in ${failure.retryAfterSeconds} seconds.`,
        headers: { 'Retry-After': String(failure.retryAfterSeconds) },
      }
    case 'idempotency_conflict':
      return {
        status: 409,
        code: 905,
        detail:
          'This Idempotency-Key was used for another request. Use a new key for a new request.',
        field: 'Idempotency-Key',
      }
    case 'unknown_transaction':
      return {
        status: 404,
        code: 601,
        detail: 'No open transaction of this application.',
        field: 'transaction_id',
      }
    case 'not_pending':
      return {
        status: 409,
        code: 905,
        detail: 'This transaction is over.',
        field: 'transaction_id',
      }
    case 'protocol_too_old':
      return {
        status: 426,
        code: 905,
        detail: 'This app is too old for the server. Update it by opening it again.',
      }
    case 'signature_refused':
      return {
        status: 401,
        code: 905,
        detail: `'${failure.field}' is not a valid signature of this device.`,
        field: failure.field,
      }
    case 'clock_skew':
      return {
        status: 401,
        code: 905,
        detail: 'The request is too old or too new: take the time from Date and sign again.',
      }
    case 'replayed':
      return {
        status: 401,
        code: 905,
        detail: 'This signed request was used before. Sign a new one.',
      }
    case 'unknown_device':
      return { status: 401, code: 905, detail: 'This device is not enrolled here. Enrol it again.' }
    case 'device_retired':
      return {
        status: 403,
        code: 905,
        detail: 'This device was disabled or revoked. Ask an administrator.',
      }
    case 'device_locked':
      return {
        status: 403,
        code: 905,
        detail: 'Too many wrong codes: this device is locked. Ask an administrator.',
      }
    case 'device_held': {
      const { untilAt } = failure
      const until = untilAt === undefined ? '' : ` until ${new Date(untilAt * 1000).toISOString()}`
      return {
        status: 403,
        code: 905,
        detail: `This device was added lately: it may read, and not do this${until}.`,
      }
    }
    case 'move_not_granted':
      return {
        status: 403,
        code: 905,
        detail:
          'People may not add devices here by themselves. Ask an administrator for an invitation.',
      }
    case 'move_refused':
      return {
        status: 403,
        code: 905,
        detail:
          'The other device did not let this one in. Begin again there, with a new invitation.',
      }
    case 'newcomer_unknown':
      return {
        status: 404,
        code: 905,
        detail:
          'No device of yours by this number is held. What may answer already is removed on that device, or by an administrator.',
      }
    case 'unknown_challenge':
      return {
        status: 404,
        code: 905,
        detail: 'There is no such challenge for this device.',
        field: 'challenge',
      }
    case 'challenge_mismatch':
      return {
        status: 409,
        code: 905,
        detail: 'The answer is over another text than the one that was asked.',
        field: 'challengeHash',
      }
    case 'verification_required':
      return {
        status: 403,
        code: 905,
        detail: 'This login asks for a fingerprint, a face or a PIN beside the answer.',
        field: 'assertion',
      }
    case 'verification_refused':
      return {
        status: 401,
        code: 905,
        detail: 'The fingerprint, face or PIN was not confirmed. Try again.',
        field: 'assertion',
      }
    case 'verifier_not_now':
      return {
        status: 403,
        code: 905,
        detail: 'This device has one already, or was enrolled too long ago. Enrol it again.',
      }
    case 'enrolment_unknown':
      return {
        status: 404,
        code: 905,
        detail: 'This code is not known here. Check it, or ask for a new one.',
        field: 'code',
      }
    case 'enrolment_expired':
      return {
        status: 410,
        code: 905,
        detail: 'This code is no longer valid. Ask for a new one.',
        field: 'code',
      }
    case 'enrolment_spent':
      return {
        status: 410,
        code: 905,
        detail: 'This code was used by another device. Ask for a new one.',
        field: 'code',
      }
    case 'push_host_refused':
      return {
        status: 400,
        code: 905,
        detail: `'${failure.host}' is not a push service that this server sends to. The operator can add it to PUSH_HOSTS.`,
        field: 'subscription.endpoint',
      }
    case 'enrolment_policy_missing':
      return {
        status: 403,
        code: 303,
        detail: 'Missing enrollment policy for push token: push_firebase_configuration',
      }
    case 'not_waiting':
      return {
        status: 404,
        code: 601,
        detail: "No token with this serial number in the rollout state 'clientwait'.",
        field: 'serial',
      }
    case 'wrong_credential':
      return {
        status: 400,
        code: 905,
        detail: 'Invalid enrollment credential. You are not authorized to finalize this token.',
        field: 'enrollment_credential',
      }
    case 'missing_parameters':
      return { status: 400, code: 905, detail: 'Missing parameters!' }
    case 'phone_signature':
      return { status: 400, code: 10, detail: 'Could not verify signature!', field: 'signature' }
    case 'phone_timestamp':
      return {
        status: 400,
        code: 10,
        detail:
          failure.why === 'form'
            ? `Could not parse timestamp ${failure.timestamp}. ISO-Format required.`
            : `Timestamp ${failure.timestamp} not in valid range.`,
        field: 'timestamp',
      }
    case 'polling_denied':
      return { status: 403, code: 303, detail: 'Polling not allowed!' }
    case 'oauth':
      return { status: oauthErrors[failure.error], code: 905, detail: failure.why }
    case 'page_gone':
      return {
        status: 410,
        code: 905,
        detail: 'This sign-in is over. Go back to the application and begin again.',
      }
    case 'origin_refused':
      return { status: 403, code: 905, detail: 'This page is not of this server.', field: 'Origin' }
    case 'internal':
      return { status: 500, code: 905, detail: 'This is our fault, and the log has it. Try again.' }
    case 'unavailable':
      return { status: 503, code: 905, detail: 'Not ready yet. Try again shortly.' }
  }
}

/** privacyIDEA's words, one kind for each. */
function deniedAction({ role, action }: { role: 'Admin' | 'User'; action: string }): string {
  if (!action.startsWith('enroll'))
    return `${role} actions are defined, but the action ${action} is not allowed!`
  return role === 'Admin'
    ? 'Admin actions are defined, but you are not allowed to enroll this token type!'
    : 'User actions are defined, you are not allowed to enroll this token type!'
}
