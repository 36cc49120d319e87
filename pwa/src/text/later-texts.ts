/** Sentences of screens that nobody needs at once, in both languages: they come with those screens and not with the first load. */
const en = {
  codes: {
    show: 'Show a code',
    hide: 'Hide the code',
    named: (account: string) => `Code for ${account}`,
    next: (seconds: number) =>
      seconds === 1 ? 'A new one in 1 second' : `A new one in ${seconds} seconds`,
    warning:
      'Type it yourself, on the page where you sign in. Never tell it to anyone who calls or writes to you, whoever they say they are.',
    lost: 'The browser has lost the key for these codes. Remove the account and add it again.',
    refused: 'Codes of this device are not accepted at the moment.',
  },
  moves: {
    added: (name: string, account: string) => `“${name}” was added to ${account}. Was it you?`,
  },
}

const de: typeof en = {
  codes: {
    show: 'Code anzeigen',
    hide: 'Code ausblenden',
    named: (account) => `Code für ${account}`,
    next: (seconds) =>
      seconds === 1 ? 'In 1 Sekunde kommt ein neuer' : `In ${seconds} Sekunden kommt ein neuer`,
    warning:
      'Gib ihn nur selbst ein, auf der Seite, auf der du dich anmeldest. Sag ihn nie jemandem, der dich anruft oder dir schreibt, egal wer es angeblich ist.',
    lost: 'Der Browser hat den Schlüssel für diese Codes verloren. Entferne das Konto und füge es neu hinzu.',
    refused: 'Codes von diesem Gerät werden gerade nicht angenommen.',
  },
  moves: {
    added: (name, account) => `„${name}“ wurde zu ${account} hinzugefügt. Warst du das?`,
  },
}

export const laterTexts = { en, de }
