/** Notifications, language, installing, storage and the app's version. */
import { useSignal } from '@preact/signals'
import { activeAccounts } from '../device/accounts.ts'
import { install, installOffer } from '../device/install.ts'
import { turnOffPush } from '../device/push.ts'
import { persisted } from '../device/storage.ts'
import { lookForUpdate, updateReady } from '../device/update.ts'
import { HealthLine } from '../parts/health-line.tsx'
import { Screen } from '../parts/screen.tsx'
import { go } from '../route.ts'
import { isLanguage, languages } from '../text/languages.ts'
import { changeLanguage, text, wantedLanguage } from '../text/text.ts'

export function Settings() {
  const words = text.value.settings
  const subscribed = activeAccounts.value.some(({ endpoint }) => endpoint !== null)
  return (
    <Screen
      name="settings"
      title={words.title}
      plainTitle={words.title}
      back={{ label: text.value.back, go: () => go('') }}
    >
      {activeAccounts.value.length > 0 && (
        <section>
          <h2>{text.value.notifications.heading}</h2>
          <HealthLine />
          {subscribed && (
            <button type="button" class="plain" onClick={() => void turnOffPush()}>
              {text.value.notifications.turnOff}
            </button>
          )}
        </section>
      )}
      <section>
        <label class="field">
          <span>{words.languageLabel}</span>
          <select
            name="language"
            value={wantedLanguage.value ?? ''}
            onChange={({ currentTarget: { value } }) =>
              void changeLanguage(isLanguage(value) ? value : null)
            }
          >
            <option value="">{words.languageAutomatic}</option>
            {Object.entries(languages).map(([tag, name]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </section>
      <section>
        <h2>{words.app}</h2>
        {installOffer.value && (
          <button type="button" class="secondary" onClick={() => void install()}>
            {text.value.install.offer}
          </button>
        )}
        {persisted.value !== null && (
          <p class="quiet">{persisted.value ? words.storageSafe : words.storageUnsafe}</p>
        )}
        <Version />
      </section>
    </Screen>
  )
}

function Version() {
  const words = text.value.settings
  const looked = useSignal(false)
  async function look(): Promise<void> {
    await lookForUpdate()
    looked.value = true
  }
  return (
    <>
      <p class="quiet" role="status">
        {words.version(__APP_VERSION__)}
        {looked.value && !updateReady.value ? `. ${words.upToDate}` : ''}
      </p>
      <button type="button" class="plain" onClick={() => void look()}>
        {words.lookForUpdate}
      </button>
    </>
  )
}
