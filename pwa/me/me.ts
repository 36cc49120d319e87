/** A person's own page: signed in by their device, they see to their devices and recovery codes. */
import '../welcome/page.css'
import './me.css'
import { showHome } from './home.ts'
import { text, whenSignedOut } from './screen.ts'
import { showSignIn } from './sign-in.ts'

document.title = `${text.title} – Countersign`
whenSignedOut(() => showSignIn(showHome, text.sessionOver))
showSignIn(showHome)
