/** Where a sign-in came from, on what, and when: three facts, the unusual one marked in words. */
import type { Agent } from '../../../schema/agent.ts'
import type { ChallengeClaims } from '../../../schema/signing.ts'
import { ago, text } from '../text/text.ts'
import { Icon, type IconName } from './icon.tsx'

type FactsProps = { claims: ChallengeClaims; nowSeconds: number; newPlace?: boolean; id?: string }

export function agentWords(agent: Agent | undefined): string {
  const { browser, system } = agent ?? {}
  if (browser && system) return text.value.onSystem(browser, system)
  return browser ?? system ?? text.value.approve.unknownAgent
}

export function Facts({ claims, nowSeconds, newPlace, id }: FactsProps) {
  const words = text.value.approve
  return (
    <dl class="facts" id={id}>
      <Fact
        icon="place"
        name={words.where}
        value={words.origin(claims.origin, claims.application.name)}
        mark={newPlace ? words.newPlace : null}
      />
      <Fact icon="screen" name={words.what} value={agentWords(claims.origin.agent)} />
      <Fact icon="clock" name={words.when} value={words.asked(ago(claims.iat, nowSeconds))} />
    </dl>
  )
}

type FactProps = { icon: IconName; name: string; value: string; mark?: string | null }

function Fact({ icon, name, value, mark }: FactProps) {
  return (
    <div>
      <dt>
        <Icon name={icon} />
        <span class="unseen">{name}</span>
      </dt>
      <dd>
        {value}
        {mark && <strong class="unusual">{mark}</strong>}
      </dd>
    </div>
  )
}
