/** Which page of the app is open, kept in the fragment so that Back works and a notification can name a sign-in. */
import { signal } from '@preact/signals'

export type Route =
  | { at: 'home' | 'history' | 'settings' }
  | { at: 'account' | 'move'; id: string }
  | { at: 'challenge'; id: string }

/** Storage is closed to us: nothing can work. */
export const broken = signal(false)

function read(): Route {
  const [name, id] = location.hash.slice(1).split('=')
  if (name === 'history' || name === 'settings') return { at: name }
  if ((name === 'account' || name === 'move' || name === 'challenge') && id)
    return { at: name, id: decodeURIComponent(id) }
  return { at: 'home' }
}

export const route = signal<Route>(read())

addEventListener('hashchange', () => {
  route.value = read()
})

/** '' is home; it takes the place of where we are, so that Back does not return to an answered question. */
export function go(to: '' | 'history' | 'settings' | `${'account' | 'move'}=${string}`): void {
  if (to === '') {
    history.replaceState(null, '', '/app')
    route.value = read()
  } else location.hash = to
}
