/** Every sentence the app says, in English. The German catalogue must have the same keys or it does not compile. */
import type { HistoryResult, Standing } from '../keys/database.ts'
import type { EnrolmentProblem } from '../enrolment/problem.ts'
import type { Ending } from '../challenge/answer.ts'

type Origin = {
  how: 'browser' | 'claimed' | 'server'
  address?: string | undefined
  place?: string | undefined
}
type Outcome = { title: string; body: (application: string) => string }

export const en = {
  back: 'Back',
  done: 'Done',
  notNow: 'Not now',
  carryOn: 'Continue',
  copy: 'Copy',
  copied: 'Copied',
  loading: 'One moment',
  noConnection: 'No connection. Trying again.',
  onSystem: (browser: string, system: string) => `${browser} on ${system}`,

  home: {
    title: 'Nothing to approve',
    body: 'When you sign in somewhere, the question appears here.',
    accounts: 'Your accounts',
    addAccount: 'Add an account',
    history: 'History',
    settings: 'Settings',
    needsAttention: 'Needs to be added again',
    locked: 'Locked after too many wrong codes. Ask your administrator.',
  },

  waiting: {
    title: (count: number) =>
      count === 1 ? 'A sign-in is waiting' : `${count} sign-ins are waiting`,
    body: 'Open the one you started yourself.',
    another: (count: number) => (count === 1 ? 'One more is waiting' : `${count} more are waiting`),
  },

  approve: {
    question: (application: string) => `Sign in to ${application} as`,
    addDevice: (name: string) => `Add “${name}” to`,
    codeOfDevice: 'Type the code that the new device shows',
    deviceAdded: 'It is added. Your list says when it may approve.',
    says: (application: string) => `Message from ${application}`,
    where: 'Where',
    what: 'On what',
    when: 'When',
    origin: (origin: Origin, application: string) => {
      const named = origin.place ?? origin.address
      if (origin.how === 'server')
        return named ? `Place unknown, asked by server ${named}` : 'Place unknown'
      if (!named) return 'Place unknown'
      return origin.how === 'claimed' ? `${named}, according to ${application}` : named
    },
    unknownAgent: 'Device unknown',
    asked: (ago: string) => `Asked ${ago}`,
    newPlace: 'new place',
    code: (application: string) => `Type the code that ${application} shows you`,
    noCode: 'Approve only if you are signing in right now.',
    tooStrict:
      'This sign-in also asks for your fingerprint, face or PIN, and none was added here. Remove the account and add it again with a new invitation.',
    approve: 'Approve',
    notMe: 'It wasn’t me',
    cancel: 'Cancel',
    sending: 'Sending',
    secondsLeft: (seconds: number) => `${seconds} seconds left`,
    soonOver: (seconds: number) => `${seconds} seconds left to answer`,
    failed: {
      offline: 'No connection, so nothing was sent. Try again.',
      unconfirmed: 'It was not confirmed with your fingerprint, face or PIN. Try again.',
      locked: 'This account is locked after too many wrong codes. Ask your administrator.',
      refused: 'The server did not take this answer. Try again, or start the sign-in again.',
    },
  },

  outcome: {
    approved: {
      title: 'Approved',
      body: (app) => `${app} is letting you in. You can go back to it.`,
    },
    declined: {
      title: 'Declined',
      body: (app) =>
        `Nobody gets in to ${app} with this. If someone knows your password, change it now.`,
    },
    cancelled: {
      title: 'Cancelled',
      body: (app) => `You are not signed in. Start again at ${app} when you like.`,
    },
    wrong_code: {
      title: 'Wrong code',
      body: (app) =>
        `This sign-in has ended. Start again at ${app} and type the new code it shows.`,
    },
    too_late: {
      title: 'Too late',
      body: (app) => `The time to answer is over. Start again at ${app}.`,
    },
    elsewhere: {
      title: 'Already over',
      body: (app) => `This sign-in to ${app} was answered or called off elsewhere.`,
    },
    changed: {
      title: 'Nothing was approved',
      body: (app) => `The question changed after you saw it. Start again at ${app}.`,
    },
  } satisfies Record<Ending, Outcome> as Record<Ending, Outcome>,
  elsewhere: {
    approved: (application: string) =>
      `You approved this sign-in to ${application} on another device.`,
    declined: (application: string) =>
      `This sign-in to ${application} was declined on another device.`,
    cancelled: (application: string) => `${application} called this sign-in off.`,
  },

  start: {
    title: 'Is this you?',
    body: 'When you sign in somewhere, this device asks you. Type the code you see there, and you are in. Nobody else is.',
    begin: 'Add your account',
  },

  enrol: {
    step: (step: number, of: number) => `Step ${step} of ${of}`,
    findTitle: 'Add your account',
    findBody: 'Scan the code on the page where you set this up, or paste its link.',
    scan: 'Scan the code',
    or: 'or',
    pasteLabel: 'Link or twelve-character code',
    scanTitle: 'Point at the code',
    scanBody: 'It is read as soon as it is in view.',
    noCamera: 'No camera was found. Paste the link instead.',
    cameraDenied:
      'This browser may not use the camera. Paste the link instead, or allow the camera for this app.',
    looking: 'Reading the invitation',
    confirmTitle: 'Add this account?',
    confirmBody: 'This device makes a key of its own for it. The key never leaves this device.',
    deviceName: 'Name of this device',
    deviceNameHint: 'Sign-in pages show it, so that you know where to look.',
    confirm: 'Add account',
    finishing: 'Making the key',
    problems: {
      other_server: 'This invitation belongs to another server. Open it there.',
      not_an_invitation:
        'This is not an invitation. Copy the whole link, or type all twelve characters.',
      invitation_over:
        'This invitation was used or has run out. Ask for a new one where you got it.',
      wrong_root: 'This invitation and this server do not belong together. Ask for a new one.',
      offline: 'No connection to the server. Try again in a moment.',
      busy: 'Too many attempts. Wait a minute and try again.',
      refused: 'The server did not accept this. Check the name of the device and try again.',
    } satisfies Record<EnrolmentProblem, string> as Record<EnrolmentProblem, string>,
    readyTitle: 'Ready',
    readyBody: 'The next time you sign in, the question comes here.',
    readyOpenBody: 'The next time you sign in, open this app first. The question appears here.',
  },

  install: {
    title: 'Put Countersign on your home screen',
    body: 'On this device only the installed app can keep a key.',
    share: 'Tap the Share button of the browser.',
    add: 'Choose “Add to Home Screen”.',
    open: 'Open Countersign from there and type this code.',
    openOnly: 'Open Countersign from there and add your account.',
    code: 'Your code',
    until: (time: string) => `Good until ${time}, for one use.`,
    offer: 'Install the app',
    offerBody: 'It gets a window and an icon of its own.',
  },

  verifier: {
    title: 'Add your fingerprint, face or PIN',
    body: 'Sign-ins of this account ask for it with every approval. It never leaves this device.',
    add: 'Add it',
    adding: 'Asking the device',
    without: 'Go on without',
    troubles: {
      declined:
        'It was not added. Without it this device cannot approve sign-ins of this account. Try again.',
      refused: 'The server did not take it. Try again, or ask for a new invitation.',
    },
  },

  notifications: {
    title: 'Let the question reach you',
    body: 'A notification brings it to you even when this app is closed. You get nothing else from us.',
    turnOn: 'Turn on notifications',
    turningOn: 'Asking the browser',
    turnOff: 'Turn off notifications',
    heading: 'Notifications',
    works: (ago: string) => `Notifications work, last one ${ago}`,
    on: 'Notifications are on',
    failing: 'The last notification did not arrive. Open this app when you sign in.',
    off: 'Notifications are off. Open this app when you sign in.',
    denied:
      'Notifications are blocked for this app. Allow them in the browser’s settings, or open this app when you sign in.',
    impossible: 'This browser has no notifications for this app. Open it when you sign in.',
    timed_out:
      'The browser could not reach its notification service. Until it can, open this app when you sign in.',
    refused: 'The browser did not turn them on. Open this app when you sign in.',
    offline: 'The server could not be told. Try again in a moment.',
  },

  account: {
    deviceName: 'Name of this device',
    save: 'Save',
    saved: 'Saved',
    notSaved: 'Not saved. Try again in a moment.',
    since: (date: string) => `Added ${date}`,
    serial: (serial: string) => `Number ${serial}`,
    remove: 'Remove from this device',
    removeAsk: (account: string) =>
      `This device can then no longer approve sign-ins of ${account}. To use it again you need a new invitation.`,
    removeYes: (account: string) => `Remove ${account}`,
    keep: 'Keep it',
    notRemoved: 'The server could not be told, so nothing was removed. Try again in a moment.',
    standing: {
      active: { title: '', body: '' },
      key_lost: {
        title: 'The key for this account is gone',
        body: 'The browser cleared it, as browsers do when space is short or its data is deleted. Ask for a new invitation where you set this up, and add the account again.',
      },
      retired: {
        title: 'This account was removed',
        body: 'The server no longer accepts answers from this device. If you still need it, ask for a new invitation and add the account again.',
      },
    } satisfies Record<Standing, { title: string; body: string }>,
  },

  history: {
    title: 'History',
    body: 'What was asked on this device. It is kept nowhere else.',
    empty: 'Nothing was asked yet.',
    results: {
      open: 'Not answered',
      approved: 'Approved',
      declined: 'Declined',
      cancelled: 'Cancelled',
      wrong_code: 'Wrong code',
      too_late: 'Not answered',
      elsewhere: 'Ended elsewhere',
    } satisfies Record<HistoryResult, string>,
  },

  settings: {
    title: 'Settings',
    languageLabel: 'Language',
    languageAutomatic: 'As the browser has it',
    app: 'App',
    storageSafe: 'The browser keeps your keys until you remove them.',
    storageUnsafe:
      'The browser may clear your keys when space is short. Installing the app or turning on notifications helps.',
    version: (version: string) => `Version ${version}`,
    lookForUpdate: 'Look for a new version',
    upToDate: 'This is the newest version.',
  },

  update: {
    ready: 'A new version is ready.',
    now: 'Update',
    neededTitle: 'This version is too old',
    neededBody: 'The server has moved on. Update to go on approving sign-ins.',
  },

  broken: {
    title: 'This browser cannot keep a key',
    body: 'Its storage is closed to this app, as in a private window. Open Countersign in a normal window.',
  },

  push: {
    neutralTitle: 'A sign-in is waiting',
    neutralBody: 'Open Countersign to see it.',
    body: (account: string, where: string) => `Sign in as ${account}? ${where}`,
    open: 'Open',
    notMe: 'It wasn’t me',
    declined: 'Declined. Nobody gets in with this sign-in.',
    notDeclined: 'Not declined: the server could not be reached. Open Countersign.',
    endedTitle: 'A sign-in is over',
  },
}

export type Text = typeof en
