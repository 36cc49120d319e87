/** The screens that nobody needs at once, in a chunk of their own. */
export { Account } from './account.tsx'
export { History } from './history.tsx'
export { Install } from './install.tsx'
export { Settings } from './settings.tsx'
