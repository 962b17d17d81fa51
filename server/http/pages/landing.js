// Says whether the box is ready, and asks again every ten seconds.
const state = document.getElementById('state')

async function ask() {
  try {
    const { ok, degraded } = await (await fetch('/readyz')).json()
    state.dataset.state = ok ? (degraded.length > 0 ? 'degraded' : 'ready') : 'away'
    state.textContent = ok ? (degraded.length > 0 ? `ready, without ${degraded.join(', ')}` : 'ready') : 'not ready'
  } catch {
    state.dataset.state = 'away'
    state.textContent = 'no answer'
  }
}

ask()
setInterval(ask, 10_000)
