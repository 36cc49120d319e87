/** /validate/resend and /validate/cancel: the application that asked has it sent again, or calls it off. */
import { cancelTransaction, resendTransaction } from '../../challenge/steer.ts'
import { type Caller, callerWith, checkingCaller } from '../decode/caller.ts'
import { parametersOf } from '../decode/parameters.ts'
import { answer } from '../encode/envelope.ts'
import { surface } from '../surface.ts'

export const steer = surface()

steer.post('/resend', async (call) => {
  const caller = await callerWith(call, 'trigger')
  const transactionId = (await parametersOf(call)).need('transaction_id')
  await resendTransaction(call.get('context'), { ...steered(caller), transactionId })
  return answer(call, { value: true })
})

steer.post('/cancel', async (call) => {
  const caller = await checkingCaller(call)
  const transactionId = (await parametersOf(call)).need('transaction_id')
  await cancelTransaction(call.get('context'), { ...steered(caller), transactionId })
  return answer(call, { value: true })
})

const steered = (caller: Caller) => ({
  customer: caller.customer,
  application: caller.application.id,
})
