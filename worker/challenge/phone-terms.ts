/** What policies say of how stock phones are asked. Read at the edge; a challenge keeps what it was made under. */
import type { Context } from '../env.ts'
import type { ActionOf } from '../policy/actions.ts'
import type { Subject } from '../policy/match.ts'
import { defaultCustomer } from '../store/customers.ts'
import { type Sayings, sayingsOf } from '../store/policies.ts'
import type { PhoneTerms } from './presence.ts'

type About = Omit<Subject, 'nowMs'>
export type PhoneTermsGiven = {
  title: string | undefined
  text: string | undefined
  /** Who asks: the title, where no policy says another. */
  application: string
  /** Our own devices take a typed code. */
  typedCode: boolean
}

const usualQuestion = 'Do you want to confirm the login?'
const usualShownText = 'Enter the code to log in'
const usualOptions = 3

/**
 * A policy that names a way for phones goes before what follows from typed codes: `push_require_presence` first, then
 * `push_code_to_phone`. Where neither speaks and our own devices take a typed code, phones show that code among decoys.
 */
export async function phoneTermsFor(
  context: Context,
  customer: string,
  about: About,
  given: PhoneTermsGiven,
): Promise<PhoneTerms> {
  const { said } = await sayingsOf(context, customer, about)
  const read = (action: ActionOf<'authentication'>) => said('authentication', action)
  const pick = read('push_require_presence') === true
  const shown = read('push_code_to_phone') === true
  const among = amongOf(read('push_presence_options'), read('push_presence_custom_options'))
  const options = read('push_presence_num_options')
  const shownText = read('push_code_to_phone_message')
  return {
    match: pick ? 'pick' : shown ? 'shown' : given.typedCode ? 'pick' : 'none',
    among: among ?? (given.typedCode ? 'code' : 'ALPHABETIC'),
    options: options === null ? usualOptions : Number(options),
    shownText: shownText === null ? usualShownText : String(shownText),
    title: given.title ?? given.application,
    question: given.text ?? usualQuestion,
    url: registrationUrlBy(said, context, customer),
    sslVerify: read('push_ssl_verify') === '0' ? '0' : '1',
  }
}

/** @returns null where no policy says what to pick among. */
function amongOf(kind: unknown, custom: unknown): PhoneTerms['among'] | null {
  if (kind === 'ALPHABETIC' || kind === 'NUMERIC') return kind
  if (kind !== 'CUSTOM') return null
  const own = [
    ...new Set(
      String(custom ?? '')
        .split(':')
        .map(trimmed),
    ),
  ].filter(isOption)
  return own.length < 2 ? 'ALPHABETIC' : own
}

const trimmed = (text: string): string => text.trim()

/** Commas part the options, bars part what is signed, and `decline` there is the word that declines. */
const isOption = (text: string): boolean => text !== '' && !/[,|]/.test(text) && text !== 'decline'

/** As the policies about them say, or our own. */
export async function registrationUrl(
  context: Context,
  customer: string,
  about: About,
): Promise<string> {
  const { said } = await sayingsOf(context, customer, about)
  return registrationUrlBy(said, context, customer)
}

/** Where phones ask and send their answers: it says whose they are, because all that they say is a serial. As URLs are normalised, because the app signs over its own spelling of it. */
function registrationUrlBy(
  said: Sayings['said'],
  { deployment }: Context,
  customer: string,
): string {
  const url = said('enrollment', 'push_registration_url')
  const whose = customer === defaultCustomer ? '' : `/${customer}`
  const own = `${deployment.origin}/ttype/push${whose}`
  return url !== null && URL.canParse(String(url)) ? new URL(String(url)).href : own
}
