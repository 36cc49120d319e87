// The sign-in page by itself works without this: here it hears of the answer at once, and counts the seconds.
const { events } = document.currentScript.dataset
const left = document.querySelector('[data-left]')

const source = new EventSource(events)
source.addEventListener('status', ({ data }) => {
  if (JSON.parse(data).challenge_status === 'pending') return
  source.close()
  location.replace(location.pathname)
})

const until = Date.now() + Number(left.dataset.left) * 1000
const timer = setInterval(() => {
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000))
  left.textContent = left.dataset.words.replace('0', String(seconds))
  if (seconds > 0) return
  clearInterval(timer)
  location.replace(location.pathname)
}, 1000)
