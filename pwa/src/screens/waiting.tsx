/** Several questions at once: a stack of cards, oldest last, each naming where it came from, none chosen for the person. */
import { chosen, now, prompts } from '../challenge/open.ts'
import { ApplicationMark } from '../parts/application-mark.tsx'
import { Breakable } from '../parts/breakable.tsx'
import { agentWords } from '../parts/facts.tsx'
import { Icon } from '../parts/icon.tsx'
import { Screen } from '../parts/screen.tsx'
import { ago, text } from '../text/text.ts'

export function Waiting() {
  const words = text.value
  const title = words.waiting.title(prompts.value.length)
  return (
    <Screen name="waiting" title={title} plainTitle={title}>
      <p class="lead">{words.waiting.body}</p>
      <ul class="cards">
        {prompts.value.map(({ challenge, claims }) => (
          <li key={challenge}>
            <button type="button" class="card" onClick={() => (chosen.value = challenge)}>
              <ApplicationMark name={claims.application.name} />
              <span class="card-words">
                <strong>{claims.application.name}</strong>
                <span>
                  <Breakable address={claims.account} />
                </span>
                <span>{words.approve.origin(claims.origin, claims.application.name)}</span>
                <span>{agentWords(claims.origin.agent)}</span>
                <span>{words.approve.asked(ago(claims.iat, now.value / 1000))}</span>
              </span>
              <Icon name="next" />
            </button>
          </li>
        ))}
      </ul>
    </Screen>
  )
}
