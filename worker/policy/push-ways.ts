/** What `push_firebase_configuration` says where it names no gateway. */

/** Ours: the app in the browser, by Web Push. */
export const ownApp = 'web push'
/** A stock app that asks and is never pushed to. */
export const pollOnly = 'poll only'
