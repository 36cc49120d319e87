/** What people read of requests in their name. A sentence that is missing in one language does not compile. */
import type { Language } from '../welcome/language.ts'
import type { Asked } from './requests-call.ts'

const en = {
  title: 'Recent requests',
  lead: 'What was asked in your name in the last 30 days.',
  none: 'Nothing was asked.',
  unread: 'This list could not be read. Reload the page to try again.',
  showAll: 'Show all',
  here: 'Sign-in to this page',
  move: (name: string) => `New device: ${name}`,
  origin: ({ origin, application }: Asked) => {
    const named = origin.place ?? origin.address
    if (origin.how === 'server')
      return named ? `Place unknown, asked by server ${named}` : 'Place unknown'
    if (!named) return 'Place unknown'
    return origin.how === 'claimed' ? `${named}, according to ${application}` : named
  },
  agent: (browser: string, system: string) => `${browser} on ${system}`,
  outcome: {
    waiting: 'Still open',
    approved: 'Approved',
    declined: 'Declined',
    wrong_code: 'Ended by a wrong code',
    cancelled: 'Called off',
    unanswered: 'Not answered',
  },
  on: (outcome: string, device: string) => `${outcome} on ${device}`,
  reported: 'You said that it wasn’t you',
  notMe: 'It wasn’t me',
  of: (request: string, when: string) => `It wasn’t me: ${request}, ${when}`,
  ask: 'Say that this wasn’t you?',
  askApproved:
    'Then somebody else may be signed in as you. We sign you out everywhere but here, and write it down.',
  askOpen: 'We end it at once, and write it down.',
  askOther: 'We write it down. Nobody got in by this request.',
  done: 'We have noted it',
  happened: 'What happened',
  noted: 'It is written down for your administration.',
  told: (application: string) => `${application} has been told.`,
  notTold: (application: string) =>
    `${application} does not hear of it from us. Sign out there, and tell whoever runs it.`,
  stopped: 'The request is over: nobody can use it any more.',
  deviceStopped: 'The device that was added by it can approve nothing any more.',
  ended: 'You are signed out everywhere but here.',
  nobody: 'Nobody got in by this request.',
  next: 'What to do now',
  password: 'Change your password: whoever asked may know it.',
  passwordMaybe: 'If it happens again, change your password: whoever asks may know it.',
  device: (name: string) =>
    `It was approved on ${name}. If you do not have that device in your hands, mark it as lost.`,
  devices: 'Look through your devices, and remove what you do not know.',
  back: 'To your devices',
}

export type RequestText = typeof en

const de: RequestText = {
  title: 'Letzte Anfragen',
  lead: 'Was in den letzten 30 Tagen in deinem Namen gefragt wurde.',
  none: 'Es wurde nichts gefragt.',
  unread: 'Diese Liste ließ sich nicht lesen. Lade die Seite neu, um es noch einmal zu versuchen.',
  showAll: 'Alle zeigen',
  here: 'Anmeldung auf dieser Seite',
  move: (name) => `Neues Gerät: ${name}`,
  origin: ({ origin, application }) => {
    const named = origin.place ?? origin.address
    if (origin.how === 'server')
      return named ? `Ort unbekannt, gefragt hat der Server ${named}` : 'Ort unbekannt'
    if (!named) return 'Ort unbekannt'
    return origin.how === 'claimed' ? `${named}, laut ${application}` : named
  },
  agent: (browser, system) => `${browser} auf ${system}`,
  outcome: {
    waiting: 'Noch offen',
    approved: 'Zugestimmt',
    declined: 'Abgelehnt',
    wrong_code: 'Durch einen falschen Code beendet',
    cancelled: 'Zurückgenommen',
    unanswered: 'Nicht beantwortet',
  },
  on: (outcome, device) => `${outcome} auf ${device}`,
  reported: 'Du hast gesagt, dass du das nicht warst',
  notMe: 'Das war ich nicht',
  of: (request, when) => `Das war ich nicht: ${request}, ${when}`,
  ask: 'Melden, dass du das nicht warst?',
  askApproved:
    'Dann ist vielleicht jemand anderes als du angemeldet. Wir melden dich überall außer hier ab und schreiben es auf.',
  askOpen: 'Wir beenden sie sofort und schreiben es auf.',
  askOther: 'Wir schreiben es auf. Durch diese Anfrage kam niemand hinein.',
  done: 'Wir haben es festgehalten',
  happened: 'Was geschehen ist',
  noted: 'Es ist für deine Administration aufgeschrieben.',
  told: (application) => `${application} weiß davon.`,
  notTold: (application) =>
    `${application} erfährt es nicht von uns. Melde dich dort ab und sag dort Bescheid.`,
  stopped: 'Die Anfrage ist beendet: Niemand kann sie mehr benutzen.',
  deviceStopped: 'Das Gerät, das dadurch dazukam, kann keiner Anmeldung mehr zustimmen.',
  ended: 'Du bist überall außer hier abgemeldet.',
  nobody: 'Durch diese Anfrage kam niemand hinein.',
  next: 'Was du jetzt tun solltest',
  password: 'Ändere dein Passwort: Wer gefragt hat, kennt es vielleicht.',
  passwordMaybe:
    'Wenn es wieder vorkommt, ändere dein Passwort: Wer da fragt, kennt es vielleicht.',
  device: (name) =>
    `Zugestimmt wurde auf ${name}. Hast du das Gerät nicht in der Hand, melde es als verloren.`,
  devices: 'Sieh deine Geräte durch und entferne, was du nicht kennst.',
  back: 'Zu deinen Geräten',
}

export const requestTexts: Record<Language, RequestText> = { en, de }
