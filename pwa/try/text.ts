/** What the Try-it page says while it runs. What it always says stands in try.html, in both languages. */
import type { Language } from '../welcome/language.ts'

const en = {
  opening: 'Making an invitation…',
  waitingForDevice: 'Waiting for the other window to finish…',
  enrolled: (serial: string) => `This browser is a device now. Its name here is ${serial}.`,
  asking: 'Asking…',
  sentTo: (devices: string[]) => `Sent to ${listed(devices, 'en')}. Waiting for your answer…`,
  sentNowhere: 'No device could be reached. Open the device’s window: the question is there.',
  sentAgain: 'Sent again. Waiting for your answer…',
  seconds: (seconds: number) => `Asked ${seconds} ${seconds === 1 ? 'second' : 'seconds'} ago`,
  outcome: {
    accept: ['Approved', 'The person who typed the code holds the key. The login may go on.'],
    declined: ['Declined', 'The login stops here, and nobody can turn this answer round.'],
    cancelled: ['Cancelled', 'The login took its question back.'],
    expired: ['Too late', 'Nobody answered in time. The login asks again or gives up.'],
  } as Record<string, [string, string]>,
  redeemed: 'Redeemed. This approval is used up.',
  notRedeemed: (message: string) => `Not redeemed: ${message}`,
  refusedAgain: 'Refused, as it should be: an approval is good once.',
  acceptedAgain: 'It was accepted twice. That must not happen; please report it.',
  milliseconds: (ms: number) => (ms < 1 ? 'under 1 ms' : `${formatted(ms, 'en')} ms`),
  failed: (reason: string) => `That did not work: ${reason}. Try once more.`,
  noDevice: 'The server no longer knows this browser’s device. Begin with step 1.',
  copied: 'Copied',
}

const de: typeof en = {
  opening: 'Die Einladung entsteht…',
  waitingForDevice: 'Warte, bis das andere Fenster fertig ist…',
  enrolled: (serial) => `Dieser Browser ist jetzt ein Gerät. Hier heißt es ${serial}.`,
  asking: 'Frage…',
  sentTo: (devices) => `Gesendet an ${listed(devices, 'de')}. Warte auf deine Antwort…`,
  sentNowhere: 'Kein Gerät war zu erreichen. Öffne das Fenster des Geräts: Die Frage steht dort.',
  sentAgain: 'Noch einmal gesendet. Warte auf deine Antwort…',
  seconds: (seconds) => `Vor ${seconds} ${seconds === 1 ? 'Sekunde' : 'Sekunden'} gefragt`,
  outcome: {
    accept: [
      'Zugestimmt',
      'Wer den Code getippt hat, hält den Schlüssel. Die Anmeldung geht weiter.',
    ],
    declined: ['Abgelehnt', 'Die Anmeldung endet hier, und niemand kann diese Antwort umdrehen.'],
    cancelled: ['Zurückgezogen', 'Die Anmeldung hat ihre Frage zurückgenommen.'],
    expired: [
      'Zu spät',
      'Niemand hat rechtzeitig geantwortet. Die Anmeldung fragt neu oder gibt auf.',
    ],
  },
  redeemed: 'Eingelöst. Diese Zustimmung ist verbraucht.',
  notRedeemed: (message) => `Nicht eingelöst: ${message}`,
  refusedAgain: 'Abgewiesen, wie es sein soll: Eine Zustimmung gilt einmal.',
  acceptedAgain: 'Sie wurde zweimal angenommen. Das darf nicht sein; bitte melde es.',
  milliseconds: (ms) => (ms < 1 ? 'unter 1 ms' : `${formatted(ms, 'de')} ms`),
  failed: (reason) => `Das ging nicht: ${reason}. Versuch es noch einmal.`,
  noDevice: 'Der Server kennt das Gerät dieses Browsers nicht mehr. Beginne mit Schritt 1.',
  copied: 'Kopiert',
}

const formatted = (value: number, language: Language): string =>
  new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(value)

const listed = (names: string[], language: Language): string =>
  new Intl.ListFormat(language).format(names)

export type Text = typeof en
export const texts: Record<Language, Text> = { en, de }
