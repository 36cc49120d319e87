/** Every sentence the app says, in German; people are addressed as "du". */
import type { Text } from './en.ts'

export const de: Text = {
  back: 'Zurück',
  done: 'Fertig',
  notNow: 'Jetzt nicht',
  carryOn: 'Weiter',
  copy: 'Kopieren',
  copied: 'Kopiert',
  loading: 'Einen Moment',
  noConnection: 'Keine Verbindung. Neuer Versuch läuft.',
  onSystem: (browser, system) => `${browser} auf ${system}`,

  home: {
    title: 'Nichts zu bestätigen',
    body: 'Wenn du dich irgendwo anmeldest, erscheint die Frage hier.',
    accounts: 'Deine Konten',
    addAccount: 'Konto hinzufügen',
    history: 'Verlauf',
    settings: 'Einstellungen',
    needsAttention: 'Muss neu hinzugefügt werden',
    locked: 'Gesperrt nach zu vielen falschen Codes. Wende dich an deine Administration.',
  },

  waiting: {
    title: (count) => (count === 1 ? 'Eine Anmeldung wartet' : `${count} Anmeldungen warten`),
    body: 'Öffne die, die du selbst begonnen hast.',
    another: (count) => (count === 1 ? 'Eine weitere wartet' : `${count} weitere warten`),
  },

  approve: {
    question: (application) => `Anmelden bei ${application} als`,
    addDevice: (name) => `„${name}“ hinzufügen zu`,
    codeOfDevice: 'Gib den Code ein, den das neue Gerät zeigt',
    deviceAdded: 'Es ist dabei. Deine Liste sagt, ab wann es bestätigen darf.',
    says: (application) => `Nachricht von ${application}`,
    where: 'Wo',
    what: 'Womit',
    when: 'Wann',
    origin: (origin, application) => {
      const named = origin.place ?? origin.address
      if (origin.how === 'server')
        return named ? `Ort unbekannt, gefragt hat der Server ${named}` : 'Ort unbekannt'
      if (!named) return 'Ort unbekannt'
      return origin.how === 'claimed' ? `${named}, laut ${application}` : named
    },
    unknownAgent: 'Gerät unbekannt',
    asked: (ago) => `Gefragt ${ago}`,
    newPlace: 'neuer Ort',
    code: (application) => `Gib den Code ein, den ${application} dir zeigt`,
    noCode: 'Bestätige nur, wenn du dich gerade selbst anmeldest.',
    tooStrict:
      'Diese Anmeldung verlangt auch Fingerabdruck, Gesicht oder PIN, und hier wurde nichts davon hinzugefügt. Entferne das Konto und füge es mit einer neuen Einladung wieder hinzu.',
    approve: 'Bestätigen',
    notMe: 'Das war ich nicht',
    cancel: 'Abbrechen',
    sending: 'Wird gesendet',
    secondsLeft: (seconds) => `Noch ${seconds} Sekunden`,
    soonOver: (seconds) => `Noch ${seconds} Sekunden für deine Antwort`,
    failed: {
      offline: 'Keine Verbindung, es wurde nichts gesendet. Versuch es noch einmal.',
      unconfirmed:
        'Es wurde nicht mit Fingerabdruck, Gesicht oder PIN bestätigt. Versuch es noch einmal.',
      locked:
        'Dieses Konto ist nach zu vielen falschen Codes gesperrt. Wende dich an deine Administration.',
      refused:
        'Der Server hat die Antwort nicht angenommen. Versuch es noch einmal oder beginn die Anmeldung neu.',
    },
  },

  outcome: {
    approved: {
      title: 'Bestätigt',
      body: (app) => `${app} lässt dich hinein. Du kannst dorthin zurück.`,
    },
    declined: {
      title: 'Abgelehnt',
      body: (app) =>
        `So kommt niemand in ${app} hinein. Kennt jemand dein Passwort, dann ändere es jetzt.`,
    },
    cancelled: {
      title: 'Abgebrochen',
      body: (app) => `Du bist nicht angemeldet. Beginn bei ${app} neu, wann du willst.`,
    },
    wrong_code: {
      title: 'Falscher Code',
      body: (app) =>
        `Diese Anmeldung ist beendet. Beginn bei ${app} neu und gib den neuen Code ein.`,
    },
    too_late: {
      title: 'Zu spät',
      body: (app) => `Die Zeit für die Antwort ist um. Beginn bei ${app} neu.`,
    },
    elsewhere: {
      title: 'Schon vorbei',
      body: (app) => `Diese Anmeldung bei ${app} wurde anderswo beantwortet oder beendet.`,
    },
    changed: {
      title: 'Nichts wurde bestätigt',
      body: (app) =>
        `Die Frage hat sich geändert, nachdem du sie gesehen hast. Beginn bei ${app} neu.`,
    },
  },
  elsewhere: {
    approved: (application) =>
      `Du hast diese Anmeldung bei ${application} auf einem anderen Gerät bestätigt.`,
    declined: (application) =>
      `Diese Anmeldung bei ${application} wurde auf einem anderen Gerät abgelehnt.`,
    cancelled: (application) => `${application} hat diese Anmeldung beendet.`,
  },

  start: {
    title: 'Bist du das?',
    body: 'Wenn du dich irgendwo anmeldest, fragt dich dieses Gerät. Gib den Code ein, den du dort siehst, und du bist drin. Sonst niemand.',
    begin: 'Konto hinzufügen',
  },

  enrol: {
    step: (step, of) => `Schritt ${step} von ${of}`,
    findTitle: 'Konto hinzufügen',
    findBody:
      'Scanne den Code auf der Seite, auf der du das einrichtest, oder füge ihren Link ein.',
    scan: 'Code scannen',
    or: 'oder',
    pasteLabel: 'Link oder zwölfstelliger Code',
    scanTitle: 'Halte die Kamera auf den Code',
    scanBody: 'Er wird gelesen, sobald er im Bild ist.',
    noCamera: 'Keine Kamera gefunden. Füge stattdessen den Link ein.',
    cameraDenied:
      'Dieser Browser darf die Kamera nicht benutzen. Füge stattdessen den Link ein, oder erlaube die Kamera für diese App.',
    looking: 'Die Einladung wird gelesen',
    confirmTitle: 'Dieses Konto hinzufügen?',
    confirmBody:
      'Dieses Gerät macht dafür einen eigenen Schlüssel. Der Schlüssel verlässt das Gerät nie.',
    deviceName: 'Name dieses Geräts',
    deviceNameHint: 'Anmeldeseiten zeigen ihn, damit du weißt, wohin du schauen musst.',
    confirm: 'Konto hinzufügen',
    finishing: 'Der Schlüssel wird gemacht',
    problems: {
      other_server: 'Diese Einladung gehört zu einem anderen Server. Öffne sie dort.',
      not_an_invitation:
        'Das ist keine Einladung. Kopiere den ganzen Link, oder gib alle zwölf Zeichen ein.',
      invitation_over:
        'Diese Einladung wurde benutzt oder ist abgelaufen. Hol dir dort, wo du sie bekommen hast, eine neue.',
      wrong_root: 'Diese Einladung und dieser Server gehören nicht zusammen. Hol dir eine neue.',
      offline: 'Keine Verbindung zum Server. Versuch es gleich noch einmal.',
      busy: 'Zu viele Versuche. Warte eine Minute und versuch es noch einmal.',
      refused:
        'Der Server hat das nicht angenommen. Prüfe den Namen des Geräts und versuch es noch einmal.',
    },
    readyTitle: 'Bereit',
    readyBody: 'Wenn du dich das nächste Mal anmeldest, kommt die Frage hierher.',
    readyOpenBody:
      'Öffne diese App, wenn du dich das nächste Mal anmeldest. Die Frage erscheint dann hier.',
  },

  install: {
    title: 'Leg Countersign auf deinen Home-Bildschirm',
    body: 'Auf diesem Gerät kann nur die installierte App einen Schlüssel behalten.',
    share: 'Tippe im Browser auf „Teilen“.',
    add: 'Wähle „Zum Home-Bildschirm“.',
    open: 'Öffne Countersign von dort und gib diesen Code ein.',
    openOnly: 'Öffne Countersign von dort und füge dein Konto hinzu.',
    code: 'Dein Code',
    until: (time) => `Gültig bis ${time}, für ein Mal.`,
    offer: 'App installieren',
    offerBody: 'Sie bekommt ein eigenes Fenster und ein Symbol.',
  },

  verifier: {
    title: 'Füge Fingerabdruck, Gesicht oder PIN hinzu',
    body: 'Anmeldungen dieses Kontos verlangen das bei jeder Bestätigung. Es verlässt dieses Gerät nie.',
    add: 'Hinzufügen',
    adding: 'Das Gerät wird gefragt',
    without: 'Ohne weiter',
    troubles: {
      declined:
        'Es wurde nichts hinzugefügt. Ohne das kann dieses Gerät Anmeldungen dieses Kontos nicht bestätigen. Versuch es noch einmal.',
      refused:
        'Der Server hat es nicht angenommen. Versuch es noch einmal, oder hol dir eine neue Einladung.',
    },
  },

  notifications: {
    title: 'Damit dich die Frage erreicht',
    body: 'Eine Mitteilung bringt sie dir, auch wenn diese App geschlossen ist. Sonst bekommst du nichts von uns.',
    turnOn: 'Mitteilungen einschalten',
    turningOn: 'Der Browser wird gefragt',
    turnOff: 'Mitteilungen ausschalten',
    heading: 'Mitteilungen',
    works: (ago) => `Mitteilungen kommen an, zuletzt ${ago}`,
    on: 'Mitteilungen sind eingeschaltet',
    failing: 'Die letzte Mitteilung kam nicht an. Öffne diese App, wenn du dich anmeldest.',
    off: 'Mitteilungen sind ausgeschaltet. Öffne diese App, wenn du dich anmeldest.',
    denied:
      'Mitteilungen sind für diese App gesperrt. Erlaube sie in den Einstellungen des Browsers, oder öffne diese App, wenn du dich anmeldest.',
    impossible:
      'Dieser Browser kann für diese App keine Mitteilungen. Öffne sie, wenn du dich anmeldest.',
    timed_out:
      'Der Browser hat seinen Mitteilungsdienst nicht erreicht. Öffne bis dahin diese App, wenn du dich anmeldest.',
    refused: 'Der Browser hat sie nicht eingeschaltet. Öffne diese App, wenn du dich anmeldest.',
    offline: 'Der Server war nicht zu erreichen. Versuch es gleich noch einmal.',
  },

  account: {
    deviceName: 'Name dieses Geräts',
    save: 'Speichern',
    saved: 'Gespeichert',
    notSaved: 'Nicht gespeichert. Versuch es gleich noch einmal.',
    since: (date) => `Hinzugefügt am ${date}`,
    serial: (serial) => `Nummer ${serial}`,
    remove: 'Von diesem Gerät entfernen',
    removeAsk: (account) =>
      `Dieses Gerät kann dann keine Anmeldungen von ${account} mehr bestätigen. Um es wieder zu benutzen, brauchst du eine neue Einladung.`,
    removeYes: (account) => `${account} entfernen`,
    keep: 'Behalten',
    notRemoved:
      'Der Server war nicht zu erreichen, es wurde nichts entfernt. Versuch es gleich noch einmal.',
    standing: {
      active: { title: '', body: '' },
      key_lost: {
        title: 'Der Schlüssel für dieses Konto ist weg',
        body: 'Der Browser hat ihn gelöscht, wie Browser es tun, wenn der Platz knapp wird oder ihre Daten gelöscht werden. Hol dir dort, wo du das eingerichtet hast, eine neue Einladung und füge das Konto neu hinzu.',
      },
      retired: {
        title: 'Dieses Konto wurde entfernt',
        body: 'Der Server nimmt von diesem Gerät keine Antworten mehr an. Brauchst du es noch, dann hol dir eine neue Einladung und füge das Konto neu hinzu.',
      },
    },
  },

  history: {
    title: 'Verlauf',
    body: 'Was auf diesem Gerät gefragt wurde. Es steht sonst nirgends.',
    empty: 'Es wurde noch nichts gefragt.',
    results: {
      open: 'Nicht beantwortet',
      approved: 'Bestätigt',
      declined: 'Abgelehnt',
      cancelled: 'Abgebrochen',
      wrong_code: 'Falscher Code',
      too_late: 'Nicht beantwortet',
      elsewhere: 'Anderswo beendet',
    },
  },

  settings: {
    title: 'Einstellungen',
    languageLabel: 'Sprache',
    languageAutomatic: 'Wie im Browser',
    app: 'App',
    storageSafe: 'Der Browser behält deine Schlüssel, bis du sie entfernst.',
    storageUnsafe:
      'Der Browser kann deine Schlüssel löschen, wenn der Platz knapp wird. Installiere die App oder schalte Mitteilungen ein, das hilft.',
    version: (version) => `Version ${version}`,
    lookForUpdate: 'Nach neuer Version suchen',
    upToDate: 'Das ist die neueste Version.',
  },

  update: {
    ready: 'Eine neue Version ist da.',
    now: 'Aktualisieren',
    neededTitle: 'Diese Version ist zu alt',
    neededBody: 'Der Server ist weiter. Aktualisiere, um weiter Anmeldungen zu bestätigen.',
  },

  broken: {
    title: 'Dieser Browser kann keinen Schlüssel behalten',
    body: 'Sein Speicher ist für diese App gesperrt, wie in einem privaten Fenster. Öffne Countersign in einem normalen Fenster.',
  },

  push: {
    neutralTitle: 'Eine Anmeldung wartet',
    neutralBody: 'Öffne Countersign, um sie zu sehen.',
    body: (account, where) => `Anmelden als ${account}? ${where}`,
    open: 'Öffnen',
    notMe: 'Das war ich nicht',
    declined: 'Abgelehnt. So kommt niemand hinein.',
    notDeclined: 'Nicht abgelehnt: Der Server war nicht zu erreichen. Öffne Countersign.',
    endedTitle: 'Eine Anmeldung ist vorbei',
  },
}
