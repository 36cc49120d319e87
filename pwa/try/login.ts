/** A login that asks for an approval: the application's whole side of Countersign. This page runs it. */

type Reply = {
  value: unknown
  /** ACCEPT, CHALLENGE, DECLINED or REJECT. */
  authentication: string
  detail: Record<string, string> & { sent_to?: string[] }
}
export type Device = { user: string; serial: string; link: string; code: string }
export type Question = { transaction: string; code: string; sentTo: string[] }
/** `accept`, `declined`, `cancelled` or `expired`. */
export type Answer = { status: string; answeredAtMs: number | null }

/** The key belongs on your server, never in a page. This one is only good on this machine. */
export async function connect() {
  const { apiKey, realm } = await (await fetch('/try/application.json')).json()

  async function call(method: string, path: string, body?: object): Promise<Reply> {
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': apiKey }
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const { result, detail } = await (await fetch(path, request)).json()
    if (!result.status) throw new Error(result.error.message)
    return { value: result.value, authentication: result.authentication, detail: detail ?? {} }
  }

  return {
    /** Once for each person: whoever opens the link makes the key, on their own device. */
    async enrol(user: string, givenname: string): Promise<Device> {
      await call('POST', '/user/', { user, realm, givenname, surname: '' })
      const init = { type: 'push', genkey: 1, user, realm }
      const { detail } = await call('POST', '/token/init', init)
      return {
        user,
        serial: detail.serial!,
        link: detail.enrolment_url!,
        code: detail.enrolment_code!,
      }
    },

    async isEnrolled(serial: string): Promise<boolean> {
      const { value } = await call('GET', `/token/?serial=${serial}`)
      return (
        (value as { tokens: { rollout_state: string }[] }).tokens[0]?.rollout_state === 'enrolled'
      )
    },

    /** At each login: show the code, the person types it on their device. */
    async ask(user: string): Promise<Question> {
      const { value, detail } = await call('POST', '/validate/triggerchallenge', { user, realm })
      if (value === 0) throw new Error('Nobody to ask: the device has not finished enrolling')
      const { transaction_id: transaction, presence_answer: code, sent_to: sentTo = [] } = detail
      return { transaction: transaction!, code: code!, sentTo }
    },

    /** The answer, the moment it is there. */
    answer(transaction: string): Promise<Answer> {
      return new Promise((resolve) => {
        const events = new EventSource(`/validate/events/${transaction}`)
        events.addEventListener('status', ({ data }) => {
          const { challenge_status: status, answered_at_ms: answeredAtMs } = JSON.parse(data)
          if (status === 'pending') return
          events.close()
          resolve({ status, answeredAtMs })
        })
      })
    },

    /** Uses the approval: true once, and never again. */
    async redeem(user: string, transaction: string) {
      const check = { user, realm, pass: '', transaction_id: transaction }
      const { authentication, detail } = await call('POST', '/validate/check', check)
      return {
        accepted: authentication === 'ACCEPT',
        receipt: detail.receipt,
        message: detail.message,
      }
    },

    sendAgain: (transaction: string) =>
      call('POST', '/validate/resend', { transaction_id: transaction }),
    cancel: (transaction: string) =>
      call('POST', '/validate/cancel', { transaction_id: transaction }),
  }
}
