/** Every sentence of the sign-in page, in both languages. A sentence that one of them lacks does not compile. */

const en = {
  title: (application: string) => `Sign in to ${application}`,
  username: 'User name',
  password: 'Password',
  carryOn: 'Continue',
  wrongPassword: 'User name or password is not right. Try again.',
  or: 'or',
  passkey: 'Sign in with a passkey',
  noPasskey: 'No passkey was used. Try again, or sign in with your password.',
  wrongPasskey: 'This passkey was not accepted. Try another, or sign in with your password.',
  tooMany: (seconds: number) => `Too many tries. Wait ${seconds} seconds, then try again.`,
  type: 'Type this code on your device',
  press: 'Press this on your phone',
  approve: 'Approve the sign-in on your device.',
  typeHere: 'Type a code to sign in.',
  sentTo: (names: string) => `Sent to ${names}.`,
  openApp: 'Open the app on your device: the question is there.',
  notRung:
    'Your device did not ring, because it was rung too often. Open the app: the question is there.',
  left: (seconds: number) => `${seconds} seconds left`,
  look: 'See whether it was answered',
  again: 'Send again',
  sent: 'Sent again.',
  wait: 'It was sent a moment ago, or too often. Wait a little.',
  useCode: 'Use a code instead',
  code: 'One-time password or recovery code',
  shownCode: 'The code that your app or your list shows',
  wrongCode: 'This code is not right, or was used before. Try another.',
  afresh: 'Ask again',
  back: (application: string) => `Back to ${application}`,
  declined: 'Declined',
  declinedBody: 'The sign-in was declined on your device. Nobody was signed in.',
  expired: 'Too late',
  expiredBody: 'Nobody answered in time. Nobody was signed in.',
  cancelled: 'Called off',
  cancelledBody: 'This sign-in was called off. Nobody was signed in.',
  refused: 'Nobody can be asked',
  no_tokens: 'You have no device here yet. Ask your administrator for an invitation.',
  locked: 'Your device is locked after too many wrong codes. Ask your administrator.',
  unusable: 'None of your devices can be used for this. Ask your administrator.',
  notAllowed: 'You may not sign in this way. Ask your administrator.',
  over: 'This sign-in is over',
  overBody: 'Go back to the application and begin again.',
  cannot: 'This sign-in cannot begin',
  cannotBody:
    'The application has sent you here in a way that is not allowed. Tell whoever runs it:',
  signedOut: 'You are signed out',
  signedOutBody: 'The next sign-in asks for everything again.',
  signOut: 'Sign out?',
  signOutBody: 'The next sign-in in this browser will ask for everything again.',
  yesSignOut: 'Sign out',
}
export type SignInText = typeof en

const de: SignInText = {
  title: (application) => `Bei ${application} anmelden`,
  username: 'Benutzername',
  password: 'Passwort',
  carryOn: 'Weiter',
  wrongPassword: 'Benutzername oder Passwort stimmt nicht. Versuch es noch einmal.',
  or: 'oder',
  passkey: 'Mit einem Passkey anmelden',
  noPasskey:
    'Es wurde kein Passkey verwendet. Versuch es noch einmal oder melde dich mit deinem Passwort an.',
  wrongPasskey:
    'Dieser Passkey wurde nicht angenommen. Nimm einen anderen oder melde dich mit deinem Passwort an.',
  tooMany: (seconds) => `Zu viele Versuche. Warte ${seconds} Sekunden und versuch es noch einmal.`,
  type: 'Tippe diesen Code auf deinem Gerät',
  press: 'Drücke das auf deinem Telefon',
  approve: 'Stimme der Anmeldung auf deinem Gerät zu.',
  typeHere: 'Tippe einen Code, um dich anzumelden.',
  sentTo: (names) => `Gesendet an ${names}.`,
  openApp: 'Öffne die App auf deinem Gerät: Dort steht die Frage.',
  notRung:
    'Dein Gerät hat nicht geläutet, weil es zu oft gerufen wurde. Öffne die App: Dort steht die Frage.',
  left: (seconds) => `Noch ${seconds} Sekunden`,
  look: 'Nachsehen, ob geantwortet wurde',
  again: 'Noch einmal senden',
  sent: 'Noch einmal gesendet.',
  wait: 'Es wurde eben erst gesendet, oder zu oft. Warte ein wenig.',
  useCode: 'Stattdessen einen Code verwenden',
  code: 'Einmalpasswort oder Notfallcode',
  shownCode: 'Der Code, den deine App oder deine Liste zeigt',
  wrongCode: 'Dieser Code stimmt nicht oder wurde schon verwendet. Nimm einen anderen.',
  afresh: 'Noch einmal fragen',
  back: (application) => `Zurück zu ${application}`,
  declined: 'Abgelehnt',
  declinedBody: 'Die Anmeldung wurde auf deinem Gerät abgelehnt. Niemand wurde angemeldet.',
  expired: 'Zu spät',
  expiredBody: 'Niemand hat rechtzeitig geantwortet. Niemand wurde angemeldet.',
  cancelled: 'Zurückgezogen',
  cancelledBody: 'Diese Anmeldung wurde zurückgezogen. Niemand wurde angemeldet.',
  refused: 'Niemand kann gefragt werden',
  no_tokens: 'Du hast hier noch kein Gerät. Bitte deine Administration um eine Einladung.',
  locked:
    'Dein Gerät ist nach zu vielen falschen Codes gesperrt. Wende dich an deine Administration.',
  unusable: 'Keines deiner Geräte taugt dafür. Wende dich an deine Administration.',
  notAllowed: 'Du darfst dich so nicht anmelden. Wende dich an deine Administration.',
  over: 'Diese Anmeldung ist vorbei',
  overBody: 'Geh zurück zur Anwendung und beginne von vorn.',
  cannot: 'Diese Anmeldung kann nicht beginnen',
  cannotBody:
    'Die Anwendung hat dich auf eine Weise hergeschickt, die nicht erlaubt ist. Sag es denen, die sie betreiben:',
  signedOut: 'Du bist abgemeldet',
  signedOutBody: 'Die nächste Anmeldung fragt wieder nach allem.',
  signOut: 'Abmelden?',
  signOutBody: 'Die nächste Anmeldung in diesem Browser fragt wieder nach allem.',
  yesSignOut: 'Abmelden',
}

export type Language = 'en' | 'de'
const texts: Record<Language, SignInText> = { en, de }

export const textIn = (language: Language): SignInText => texts[language]

/** The first that we speak, of what the application and then the browser would like. */
export function languageOf(...wishes: (string | undefined)[]): Language {
  const words = wishes.flatMap((wish) => (wish ?? '').toLowerCase().split(/[\s,;]+/))
  return /^de\b/.test(words.find((word) => /^(de|en)\b/.test(word)) ?? '') ? 'de' : 'en'
}
