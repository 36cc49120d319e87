/** /sign-in: what a person sees between the application that sent them and the one that gets them back. Every step is a form. */
import { codeFor } from '../challenge/code.ts'
import { statusOf } from '../challenge/follow.ts'
import { cancelTransaction, resendTransaction } from '../challenge/steer.ts'
import { nowSeconds } from '../env.ts'
import { type Known, findKnown } from '../grant/known.ts'
import { Refusal, refuse, show } from '../problem.ts'
import type { NotAsked, Question } from '../sign-in/ask.ts'
import { redeemAnswer } from '../sign-in/redeem.ts'
import type { SignInRequest } from '../sign-in/request.ts'
import type { Subject } from '../sign-in/subject.ts'
import { databaseOfKey, inDatabase, keyIdIn } from '../store/databases.ts'
import { changeSignIn, findSignIn } from '../store/sign-ins.ts'
import { peerAddress } from './decode/peer.ts'
import {
  askedBody,
  codeForm,
  endOf,
  endedBody,
  messagePage,
  page,
  refusedWords,
} from './encode/sign-in-page.ts'
import { type Language, type SignInText, languageOf, textIn } from './encode/sign-in-text.ts'
import { eventStream } from './events.ts'
import { askIn } from './sign-in/begin.ts'
import { finishSignIn, leaveTo } from './sign-in/finish.ts'
import { firstStep } from './sign-in/first-step.ts'
import { checkBrowser, ownForm } from './sign-in/own-form.ts'
import { type Call, surface } from './surface.ts'

export const signIn = surface()

/** Whatever is wrong is told on a page. */
signIn.onError((error, call) => {
  if (!(error instanceof Refusal)) throw error
  const language = languageOf(call.req.header('Accept-Language'))
  const text = textIn(language)
  const { status, detail } = show(error.failure)
  if (error.failure.reason === 'page_gone')
    return messagePage(call, language, { title: text.over, body: text.overBody, status })
  const [title, body] = [text.cannot, text.cannotBody]
  return messagePage(call, language, { title, body, status, why: detail })
})

signIn.route('/', firstStep)

type UnderWay = {
  known: Known
  id: string
  request: SignInRequest
  subject: Subject
  question: Question | NotAsked
  language: Language
  text: SignInText
  at: string
}

/** For the browser that began it, and for no other. @throws Refusal page_gone */
async function underWay(call: Call): Promise<UnderWay> {
  const id = call.req.param('id') ?? ''
  const context = inDatabase(call.get('context'), databaseOfKey(id))
  const row = context && (await findSignIn(context.db, id, nowSeconds(context)))
  if (!row || row.isDone || row.browserHash === '') return refuse({ reason: 'page_gone' })
  await checkBrowser(call, row.browserHash)
  call.set('context', context)
  const known = await findKnown(context, keyIdIn(context.database, row.application))
  if (!known) return refuse({ reason: 'page_gone' })
  const request = row.request as unknown as SignInRequest
  const language = languageOf(request.locales, call.req.header('Accept-Language'))
  return {
    known,
    id,
    request,
    subject: row.subject as unknown as Subject,
    question: row.question as unknown as Question | NotAsked,
    language,
    text: textIn(language),
    at: `/sign-in/${id}`,
  }
}

signIn.get('/:id', async (call) => {
  const way = await underWay(call)
  const { question, known } = way
  if ('refused' in question)
    return ended(call, way, way.text.refused, refusedWords(way.text, question.refused), false)
  const status = await statusOf(known.context, question.transactionId)
  const state = status?.state ?? 'expired'
  if (state === 'approved') return complete(call, way, '')
  if (state !== 'pending') {
    const { title, body } = endOf(way.text, state)
    return ended(call, way, title, body, state === 'expired')
  }
  const byCode = call.req.query('by') === 'code' || !question.hasDevice
  return byCode && question.takesCode ? typing(call, way, null) : asking(call, way, question)
})

async function asking(call: Call, way: UnderWay, question: Question): Promise<Response> {
  const { known, text, at, language, request } = way
  const { challenge } = question
  const { context, application } = known
  const said = call.req.query('said')
  return page(call, {
    language,
    title: text.title(application.name),
    leadsTo: request.redirectUri,
    events: `${at}/events`,
    body: askedBody(text, {
      ...question,
      at,
      application: application.name,
      code: challenge && (await codeFor(context.deployment.master, challenge)),
      isQuiet: question.hasDevice && !question.notified,
      secondsLeft: Math.max(0, question.answerableUntilAt - nowSeconds(context)),
      said: said === 'sent' ? text.sent : said === 'wait' ? text.wait : null,
    }),
  })
}

const typing = (call: Call, way: UnderWay, wrong: string | null): Response => {
  const { known, text, at, language, request } = way
  const application = known.application.name
  return page(call, {
    language,
    title: text.title(application),
    leadsTo: request.redirectUri,
    body: codeForm(text, { application, at, wrong }),
  })
}

const ended = (
  call: Call,
  { known, text, at, language, request }: UnderWay,
  title: string,
  body: string,
  again: boolean,
): Response =>
  page(call, {
    language,
    title,
    leadsTo: request.redirectUri,
    body: endedBody(text, { application: known.application.name, at, title, body, again }),
  })

signIn.get('/:id/events', async (call) => {
  const { question } = await underWay(call)
  if ('refused' in question) return refuse({ reason: 'page_gone' })
  return eventStream(call, question.transactionId)
})

signIn.post('/:id', async (call) => {
  const given = await ownForm(call)
  const way = await underWay(call)
  const { known, question, at } = way
  const { customer, application } = known.registration
  const transactionId = 'refused' in question ? '' : question.transactionId
  const steered = { customer, application, transactionId }
  switch (given['step']) {
    case 'again': {
      const said = await resendTransaction(known.context, steered).then(
        () => 'sent',
        (error: unknown) => {
          if (error instanceof Refusal) return 'wait'
          throw error
        },
      )
      return call.redirect(`${at}?said=${said}`, 303)
    }
    case 'code':
      return complete(call, way, given['code'] ?? '')
    case 'afresh': {
      const state = (await statusOf(known.context, transactionId))?.state ?? 'expired'
      if (state === 'expired' && transactionId !== '') {
        const next = await askIn(call, known, way.subject, way.request)
        await changeSignIn(known.context.db, way.id, { question: next })
      }
      return call.redirect(at, 303)
    }
    default: {
      await changeSignIn(known.context.db, way.id, { isDone: true })
      await cancelTransaction(known.context, steered).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error
      })
      return leaveTo(call, way.request, { error: 'access_denied' })
    }
  }
})

/** The approval, or the code that was typed, is used up; what is granted by it goes back to the application. */
async function complete(call: Call, way: UnderWay, pass: string): Promise<Response> {
  const { known, question, subject, request, id, text } = way
  const { context } = known
  if ('refused' in question) return refuse({ reason: 'page_gone' })
  const client = peerAddress(call)
  const redeemed = await redeemAnswer(known, subject, question, { pass, client }).catch(
    (error: unknown) => {
      if (error instanceof Refusal) return null
      throw error
    },
  )
  if (!redeemed) return ended(call, way, text.refused, text.notAllowed, false)
  if ('refused' in redeemed)
    return pass === '' ? refuse({ reason: 'page_gone' }) : typing(call, way, text.wrongCode)
  if (!(await changeSignIn(context.db, id, { isDone: true })))
    return refuse({ reason: 'page_gone' })
  return finishSignIn(call, known, request, { subject, login: redeemed.login })
}
