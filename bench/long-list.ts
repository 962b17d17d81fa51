/** How fast the panel shows the list of a million tickets, in a real browser: by its address, and from another page of the app. */
import type { Page } from 'playwright-core'
import { openPanelAt } from '#test/support/panel.ts'
import type { HistoryStore } from './history-store.ts'
import { PASSWORD } from './real-server.ts'

/** Five weight changes to a ticket. */
const CHANGES = 5_000_000
const ROUNDS = 20
const SHOWN = 50

/** Milliseconds until the first frame with the rows, once for each round: of a whole load, and of a click in the menu. */
export type Openings = { tickets: number; loads: number[]; clicks: number[] }

export async function openLongList(history: HistoryStore, rows: number | null): Promise<Openings> {
  const changes = rows ?? CHANGES
  await using server = await history.open(changes)
  await using panel = await openPanelAt(server.url)
  const { page } = panel
  await panel.signIn({ username: 'admin', password: PASSWORD })
  await page.addInitScript(watch, SHOWN)
  const loads: number[] = []
  const clicks: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    await page.goto(`${server.url}/admin/tickets`)
    loads.push(await untilShown(page))
    await panel.open('/live', 'Live') // a page that has no list yet, nor its code
    await page.waitForLoadState('networkidle')
    await page.getByRole('link', { name: 'Tickets', exact: true }).click()
    clicks.push(await untilShown(page))
  }
  return { tickets: changes / 5, loads, clicks }
}

/** In the page: from its beginning, or from the last click, to the first frame with so many rows. */
function watch(shown: number): void {
  const scope = globalThis as any
  let sinceMs = 0
  scope.addEventListener('click', () => (sinceMs = performance.now()), { capture: true })
  const look = () => {
    if (scope.document.querySelectorAll('main tbody tr').length >= shown) scope.shownMs = performance.now() - sinceMs
    else scope.requestAnimationFrame(look)
  }
  scope.requestAnimationFrame(look)
}

async function untilShown(page: Page): Promise<number> {
  await page.waitForFunction(() => (globalThis as any).shownMs !== undefined)
  return page.evaluate(() => (globalThis as any).shownMs)
}
