// The sign-in page by itself works without this: it shows the button for passkeys where the browser knows them.
const form = document.querySelector('[data-passkey]')
const button = form.querySelector('button')
const said = form.querySelector('[data-words]')

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

const sign = async () => {
  const publicKey = {
    challenge: bytes(form.elements.transaction_id.value),
    rpId: form.dataset.passkey,
    userVerification: 'required',
  }
  const { id, response } = await navigator.credentials.get({ publicKey })
  form.elements.credential_id.value = id
  for (const name of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])
    form.elements[name].value = text(response[name])
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  said.textContent = ''
  button.disabled = true
  try {
    await sign()
    form.submit()
  } catch {
    said.textContent = said.dataset.words
    button.disabled = false
  }
})

form.hidden = !window.PublicKeyCredential || !window.isSecureContext
