/** What policies say of a new push token: with which app it is enrolled, how long that may take, and what the app is told. Its label: label.ts. */
import { registrationUrl } from '../challenge/phone-terms.ts'
import type { Context } from '../env.ts'
import type { ActionOf } from '../policy/actions.ts'
import type { Subject } from '../policy/match.ts'
import { refuse } from '../problem.ts'
import { saidOf } from '../store/policies.ts'

export type PushTerms = {
  /** `web push`, `poll only` or the name of an FCM configuration. */
  configuration: string
  seconds: number
  url: string
  sslVerify: '0' | '1'
  scheme: 'otpauth' | 'pia'
  appPin: boolean
  forceUnlock: string | null
}

/** @throws Refusal enrolment_policy_missing where no policy says with which app. */
export async function pushTermsFor(
  context: Context,
  customer: string,
  about: Omit<Subject, 'nowMs'>,
  usualSeconds: number,
): Promise<PushTerms> {
  const read = (action: ActionOf<'enrollment'>) =>
    saidOf(context, customer, 'enrollment', action, about)
  const text = async (action: ActionOf<'enrollment'>) => {
    const said = await read(action)
    return said === null ? null : String(said)
  }
  const configuration = await text('push_firebase_configuration')
  if (configuration === null) refuse({ reason: 'enrolment_policy_missing' })
  const minutes = await read('push_ttl')
  return {
    configuration,
    seconds: minutes === null ? usualSeconds : Number(minutes) * 60,
    url: await registrationUrl(context, customer, about),
    sslVerify: (await read('push_ssl_verify')) === '0' ? '0' : '1',
    scheme: (await read('push_use_pia_scheme')) === true ? 'pia' : 'otpauth',
    appPin: (await read('push_force_app_pin')) === true,
    forceUnlock: await text('push_app_force_unlock'),
  }
}
