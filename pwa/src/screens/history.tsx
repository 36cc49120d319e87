/** What was asked on this device and what was answered, by day. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { readHistory } from '../history/record.ts'
import type { HistoryEntry } from '../keys/database.ts'
import { ApplicationMark } from '../parts/application-mark.tsx'
import { Breakable } from '../parts/breakable.tsx'
import { agentWords } from '../parts/facts.tsx'
import { Screen } from '../parts/screen.tsx'
import { go } from '../route.ts'
import { clockTime, dayName, text } from '../text/text.ts'

export function History() {
  const words = text.value.history
  const entries = useSignal<HistoryEntry[] | null>(null)
  useEffect(() => {
    void readHistory().then((read) => {
      entries.value = read
    })
  }, [])
  const days = byDay(entries.value ?? [])
  return (
    <Screen
      name="history"
      title={words.title}
      plainTitle={words.title}
      back={{ label: text.value.back, go: () => go('') }}
    >
      <p class="quiet">{entries.value?.length === 0 ? words.empty : words.body}</p>
      {[...days].map(([day, ofDay]) => (
        <section key={day}>
          <h2>{day}</h2>
          <ul class="entries">
            {ofDay.map((entry) => (
              <Entry key={entry.challenge} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
    </Screen>
  )
}

function byDay(entries: HistoryEntry[]): Map<string, HistoryEntry[]> {
  const days = new Map<string, HistoryEntry[]>()
  for (const entry of entries) {
    const day = dayName(entry.askedAt)
    days.set(day, [...(days.get(day) ?? []), entry])
  }
  return days
}

function Entry({ entry }: { entry: HistoryEntry }) {
  const words = text.value
  const where = words.approve.origin(entry.origin, entry.application)
  return (
    <li class="entry">
      <ApplicationMark name={entry.application} small />
      <span class="card-words">
        <span class="entry-first">
          <strong>{entry.application}</strong>
          <span class={`result ${entry.result}`}>{words.history.results[entry.result]}</span>
        </span>
        <span>
          <Breakable address={entry.account} />
        </span>
        <span>
          <time dateTime={new Date(entry.askedAt * 1000).toISOString()}>
            {clockTime(entry.askedAt)}
          </time>
          {` · ${where} · ${agentWords(entry.origin.agent)}`}
        </span>
      </span>
    </li>
  )
}
