/** Sentences of screens that nobody needs at once, in both languages: they come with those screens and not with the first load. */
const en = {
  trial: (account: string) => `Only a try: notifications for ${account} arrive. Nothing to do.`,
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
    title: 'Was it you?',
    from: (name: string, when: string) => `“${name}” was added. It may approve from ${when}.`,
    already: (name: string, when: string) =>
      `“${name}” was added and works already. You can stop it until ${when}.`,
    stop: 'It wasn’t me: stop it',
    leave: 'Remove this device then',
    leaves: (when: string) => `This device leaves on ${when}, when the new one may approve.`,
    stay: 'Keep this device',
    stays: 'This device stays.',
    notChanged: 'That did not work. Try again in a moment.',
    stopped: 'Stopped. It lets nobody in.',
    failed: 'It could not be stopped. Try again in a moment.',
    held: (when: string) => `This device was added lately. It may approve from ${when}.`,
    move: 'Move to a new phone',
    body: 'Open Countersign on the new phone and scan this. Then this device asks you whether to add it.',
    qr: 'Code to scan with the new phone',
    orType: 'Or type this there:',
    refused: 'This could not be started. Ask your administrator for an invitation.',
    waiting: 'Now look at your old phone',
    typeThere: 'It asks you whether to add this one. Type this code there.',
  },
}

const de: typeof en = {
  trial: (account) => `Nur ein Test: Mitteilungen für ${account} kommen an. Nichts zu tun.`,
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
    title: 'Warst du das?',
    from: (name, when) => `„${name}“ wurde hinzugefügt. Es darf ab ${when} bestätigen.`,
    already: (name, when) =>
      `„${name}“ wurde hinzugefügt und gilt schon. Du kannst es bis ${when} anhalten.`,
    stop: 'Das war ich nicht: anhalten',
    leave: 'Dieses Gerät dann entfernen',
    leaves: (when) => `Dieses Gerät geht am ${when}, wenn das neue bestätigen darf.`,
    stay: 'Dieses Gerät behalten',
    stays: 'Dieses Gerät bleibt.',
    notChanged: 'Das ging nicht. Versuch es gleich noch einmal.',
    stopped: 'Angehalten. Es lässt niemanden hinein.',
    failed: 'Es wurde nicht angehalten. Versuch es gleich noch einmal.',
    held: (when) => `Dieses Gerät ist neu. Es darf ab ${when} bestätigen.`,
    move: 'Auf ein neues Handy umziehen',
    body: 'Öffne Countersign auf dem neuen Handy und scanne das. Dann fragt dich dieses Gerät, ob es dazukommen darf.',
    qr: 'Code zum Scannen mit dem neuen Handy',
    orType: 'Oder gib das dort ein:',
    refused: 'Das ging nicht. Bitte deinen Administrator um eine Einladung.',
    waiting: 'Schau jetzt auf dein altes Handy',
    typeThere: 'Es fragt dich, ob dieses dazukommen darf. Gib dort diesen Code ein.',
  },
}

export const laterTexts = { en, de }
