/** The front page where there is nothing to try: it only chooses its language. */
import './page.css'
import './welcome.css'
import { chooseLanguage } from './language.ts'

chooseLanguage()
