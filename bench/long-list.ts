/** How fast the panel opens the list of a million tickets: in a real browser, the whole page anew each time, until its rows stand there. */

import { openPanelAt } from '#test/support/panel.ts'
import type { HistoryStore } from './history-store.ts'
import { PASSWORD } from './real-server.ts'

/** Five weight changes to a ticket. */
const CHANGES = 5_000_000
const ROUNDS = 20
const SHOWN = 50

/** Milliseconds from the address to the first frame with the rows, once for each round; and of how many tickets. */
export async function openLongList(history: HistoryStore, rows: number | null): Promise<{ times: number[]; tickets: number }> {
  const changes = rows ?? CHANGES
  await using server = await history.open(changes)
  await using panel = await openPanelAt(server.url)
  const { page } = panel
  await panel.signIn({ username: 'admin', password: PASSWORD })
  await page.addInitScript((shown) => {
    const scope = globalThis as any
    const look = () => {
      if (scope.document.querySelectorAll('main tbody tr').length >= shown) scope.shownMs = performance.now()
      else scope.requestAnimationFrame(look)
    }
    scope.requestAnimationFrame(look)
  }, SHOWN)
  const times: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    await page.goto(`${server.url}/admin/tickets`)
    await page.waitForFunction(() => (globalThis as any).shownMs !== undefined)
    times.push(await page.evaluate(() => (globalThis as any).shownMs))
  }
  return { times, tickets: changes / 5 }
}
