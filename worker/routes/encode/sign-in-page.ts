/** The sign-in page: plain forms that work without a script. What it says stands in sign-in-text; how it looks, in pwa/public. */
import type { State } from '../../../schema/states.ts'
import type { Call } from '../surface.ts'
import { type Html, html } from './html.ts'
import { type Language, type SignInText, textIn } from './sign-in-text.ts'

type Page = {
  language: Language
  title: string
  body: Html
  /** Where the forms of this page may lead beside ourselves. */
  leadsTo?: string
  /** Something may change by itself: where to listen. */
  events?: string
  /** A passkey may be used on it. */
  passkey?: boolean
  status?: number
}

export function page(
  call: Call,
  { language, title, body, leadsTo, events, passkey = false, status = 200 }: Page,
): Response {
  const live =
    events === undefined
      ? null
      : html`<noscript><meta http-equiv="refresh" content="4" /></noscript>
          <script src="/sign-in.js" data-events="${events}" defer></script>`
  const document = html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/mark.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/sign-in.css" />
        ${live}${passkey && html`<script src="/sign-in-passkey.js" defer></script>`}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`
  call.header('Content-Type', 'text/html; charset=UTF-8')
  call.header('Cache-Control', 'no-store')
  call.header('Content-Security-Policy', policyFor(leadsTo))
  call.header('Cross-Origin-Opener-Policy', 'same-origin')
  call.header('Permissions-Policy', 'camera=(), microphone=(), geolocation=()')
  // Forms say where they come from to ourselves; applications learn nothing of the address.
  call.header('Referrer-Policy', 'same-origin')
  call.header('X-Content-Type-Options', 'nosniff')
  call.header('X-Frame-Options', 'DENY')
  return call.body(document.text, status as 200)
}

/** Browsers hold where a form leads at last against it as well. */
const policyFor = (leadsTo: string | undefined): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action 'self'${leadsTo === undefined ? '' : ` ${sourceOf(leadsTo)}`}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

/** Of an app's own scheme there is no origin. */
function sourceOf(address: string): string {
  const { origin, protocol } = new URL(address)
  return origin === 'null' ? protocol : origin
}

const heading = (application: string, title: string) =>
  html`<p class="asker">${application}</p>
    <h1>${title}</h1>`

const alert = (text: string | null) => text && html`<p class="alert" role="alert">${text}</p>`

type Offered = { challenge: string; rpId: string }

export type PasswordForm = {
  application: string
  sealed: string
  /** What a passkey would sign; null where none is let in. */
  passkey: Offered | null
  username: string
  wrong: string | null
}

export function passwordForm(text: SignInText, form: PasswordForm): Html {
  const { application, sealed, passkey, username, wrong } = form
  return html`${heading(application, text.title(application))}${alert(wrong)}
    <form method="post" action="/sign-in">
      <input type="hidden" name="request" value="${sealed}" /><label
        >${text.username}<input
          name="username"
          value="${username}"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          maxlength="255" /></label
      ><label
        >${text.password}<input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxlength="1024" /></label
      ><button class="main">${text.carryOn}</button>
    </form>
    ${passkey && passkeyForm(text, sealed, passkey)}`
}

/** What `navigator.credentials.get` gives goes into these fields. */
const signed = ['credential_id', 'clientDataJSON', 'authenticatorData', 'signature', 'userHandle']

/** It takes a script, which shows it where the browser knows passkeys. */
const passkeyForm = (text: SignInText, sealed: string, { challenge, rpId }: Offered): Html =>
  html`<form method="post" action="/sign-in" data-passkey="${rpId}" hidden>
    <p class="or">${text.or}</p>
    <p class="alert" role="alert" data-words="${text.noPasskey}"></p>
    <input type="hidden" name="request" value="${sealed}" />
    <input type="hidden" name="transaction_id" value="${challenge}" />
    ${signed.map((name) => html`<input type="hidden" name="${name}" value="" />`)}
    <button>${text.passkey}</button>
  </form>`

export type Asked = {
  application: string
  at: string
  code: string | null
  pressed: string | null
  hasDevice: boolean
  takesCode: boolean
  sentTo: string[]
  isQuiet: boolean
  secondsLeft: number
  said: string | null
}

export function askedBody(text: SignInText, asked: Asked): Html {
  const { application, at, code, pressed, hasDevice, takesCode, sentTo, isQuiet } = asked
  const shown = code ?? pressed
  const how = !hasDevice ? text.typeHere : code ? text.type : pressed ? text.press : text.approve
  const road = isQuiet
    ? text.notRung
    : sentTo.length > 0
      ? text.sentTo(sentTo.join(', '))
      : text.openApp
  const spelled = shown && html`<p class="code" translate="no">${shown}</p>`
  return html`${heading(application, text.title(application))}
    <p class="how">${how}</p>
    ${spelled}
    <div role="status">
      ${asked.said && html`<p>${asked.said}</p>`}${hasDevice && html`<p>${road}</p>`}
    </div>
    <p class="left" data-left="${asked.secondsLeft}" data-words="${text.left(0)}">
      ${text.left(asked.secondsLeft)}
    </p>
    ${
      hasDevice &&
      html`<noscript><a href="${at}">${text.look}</a></noscript>
        <form method="post" action="${at}">
          <button name="step" value="again">${text.again}</button>
        </form>`
    }${takesCode && html`<p><a href="${at}?by=code">${text.useCode}</a></p>`}${leave(text, asked)}`
}

/** A page of its own, which nothing renews while somebody types. */
export const codeForm = (
  text: SignInText,
  { application, at, wrong }: { application: string; at: string; wrong: string | null },
): Html =>
  html`${heading(application, text.title(application))}${alert(wrong)}
    <form method="post" action="${at}">
      <label
        >${text.code}<input
          name="code"
          autocomplete="one-time-code"
          autocapitalize="characters"
          spellcheck="false"
          required
          maxlength="64"
          aria-describedby="shown"
      /></label>
      <p id="shown">${text.shownCode}</p>
      <button class="main" name="step" value="code">${text.carryOn}</button>
    </form>
    ${leave(text, { application, at })}`

const leave = (text: SignInText, { application, at }: { application: string; at: string }) =>
  html`<form method="post" action="${at}">
    <button class="quiet" name="step" value="leave">${text.back(application)}</button>
  </form>`

export type Ended = { application: string; at: string; title: string; body: string; again: boolean }

export const endedBody = (text: SignInText, { again, at, body, ...ended }: Ended): Html =>
  html`${heading(ended.application, ended.title)}
    <p role="status">${body}</p>
    ${
      again &&
      html`<form method="post" action="${at}">
        <button class="main" name="step" value="afresh">${text.afresh}</button>
      </form>`
    }${leave(text, { at, application: ended.application })}`

/** @returns how an end is called. */
export function endOf(text: SignInText, state: State): { title: string; body: string } {
  if (state === 'declined') return { title: text.declined, body: text.declinedBody }
  if (state === 'cancelled') return { title: text.cancelled, body: text.cancelledBody }
  return { title: text.expired, body: text.expiredBody }
}

export function refusedWords(text: SignInText, reason: string): string {
  if (reason === 'no_tokens') return text.no_tokens
  return reason === 'locked' ? text.locked : text.unusable
}

/** Nothing can be done here. */
export const messagePage = (
  call: Call,
  language: Language,
  { title, body, status, why }: { title: string; body: string; status: number; why?: string },
): Response =>
  page(call, {
    language,
    title,
    status,
    body: html`<h1>${title}</h1>
      <p>${body}</p>
      ${why !== undefined && html`<p><code>${why}</code></p>`}`,
  })

export { textIn }
