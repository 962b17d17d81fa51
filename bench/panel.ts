/** The panel in a real browser: what a first load weighs, how fast the review desk jumps to an event, how far its cameras drift apart. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { readConfig } from '#server/config.ts'
import { type Context, openContext, SYSTEM } from '#server/context.ts'
import { addMachine } from '#server/domain/iot/actions.ts'
import { letOut } from '#server/domain/ticket/actions.ts'
import { newId } from '#server/platform/ids.ts'
import { openLogger } from '#server/platform/logger.ts'
import { filmedCamera } from '#test/support/filming.ts'
import { openHttp, staffCaller } from '#test/support/http.ts'
import { openPanel, type Panel } from '#test/support/panel.ts'
import { land } from '#test/support/visiting.ts'
import { openLongList } from './long-list.ts'
import { percentile, tenth } from './percentiles.ts'
import type { Bench, Row } from './table.ts'

const CAMERAS = 2
const EVENTS_AT = [8, 14, 20, 26, 32, 38, 44, 50]
const BEFORE_MS = 3000
const ROUNDS = 4
const PLAYED_MS = 10_000
const BUILT = join(import.meta.dirname, '..', 'web', 'dist')

export const panel: Bench = {
  name: 'panel',
  does: 'first loads, jumps to an event, cameras in step, a list of a million',
  async run({ history, rows }): Promise<Row[]> {
    const own = await measure()
    const { loads, clicks, tickets } = await openLongList(history, rows)
    return [
      ...own,
      { name: `list of ${tickets} tickets, by its address`, values: ms(loads) },
      { name: 'the same from another page', values: ms(clicks) }
    ]
  }
}

async function measure(): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'niflr-bench-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const { ctx, close } = await openContext(readConfig({ DATA_DIR: dataDir }), { log: openLogger('fatal'), name: 'niflr-bench' })
  stack.defer(close)
  const app = await openHttp(ctx)
  stack.defer(() => app.close())
  const { visitId, events } = await filmedVisit(ctx)
  const browser = stack.use(await openPanel(app))
  const files = new Set<string>()
  browser.page.on('request', (request) => files.add(new URL(request.url()).pathname))
  await browser.signIn(await staffCaller(ctx, app, 'admin'))
  const list = gzipped(files)
  files.clear()
  await browser.open(`/review/${visitId}`, 'Review')
  await untilPlayable(browser.page)
  const desk = gzipped(files)
  const jumps = await jump(browser, events)
  const skews = await play(browser.page)
  return [
    { name: 'first load of a list', values: { 'kB gzipped': list } },
    { name: 'first load of the review desk', values: { 'kB gzipped': desk } },
    { name: `jump to an event, ${CAMERAS} cameras`, values: ms(jumps) },
    { name: `cameras apart while they play ${PLAYED_MS / 1000} s`, values: ms(skews) }
  ]
}

const ms = (values: number[]) => ({
  'p50 ms': tenth(percentile(values, 0.5)),
  'p95 ms': tenth(percentile(values, 0.95)),
  'most ms': tenth(Math.max(...values))
})

/** A visit of a minute with two cameras and an event every six seconds, made of rows. */
async function filmedVisit(ctx: Context) {
  const end = new Date(Math.floor(ctx.clock.now().getTime() / 1000) * 1000)
  const start = new Date(end.getTime() - 60_000)
  await addMachine(ctx, SYSTEM, { machineId: 'm1', displayName: 'Shelf', kind: 'shelf' })
  for (let n = 1; n <= CAMERAS; n++) {
    const camera = await filmedCamera(ctx, { name: `aisle-${n}`, machineIds: ['m1'] })
    await camera.record(start, 60)
  }
  const [userId, visitId] = [newId(), newId()]
  const user = { id: userId, phoneNumber: '+911234567890', role: 'customer', firstSeenAt: start, lastSeenAt: start }
  await ctx.db.insertInto('userDetail').values(user).execute()
  await ctx.db.insertInto('visit').values({ id: visitId, userId, role: 'customer', enteredAt: start }).execute()
  const events = EVENTS_AT.map((second) => start.getTime() + second * 1000)
  for (const at of events) await land(ctx, { machineId: 'm1', grams: -330, at: new Date(at) })
  await letOut(ctx, SYSTEM, { visitId, reason: 'benchmark' })
  return { visitId, events }
}

/** Of the built files among these addresses, in the form that gzip sends. */
const gzipped = (paths: Set<string>): number => {
  const own = [...paths].filter((path) => /^\/admin\/.*\.(js|css)$/.test(path)).map((path) => path.slice('/admin/'.length))
  return tenth(['index.html', ...own].reduce((sum, file) => sum + statSync(join(BUILT, `${file}.gz`)).size, 0) / 1000)
}

const untilPlayable = (page: Page) =>
  page.waitForFunction((count) => {
    const videos = [...(globalThis as any).document.querySelectorAll('.film-box video')]
    return videos.length === count && videos.every((video) => video.readyState >= 3 && video.buffered.length > 0)
  }, CAMERAS)

/** In the page, once: `wallOf(video)` says which wall-clock time a film shows, by the first date of its playlist. */
async function learnDates(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const scope = globalThis as any
    const addresses = scope.performance.getEntriesByType('resource').map((entry: any) => entry.name)
    const text = await (await fetch(addresses.find((name: string) => name.includes('playlist.m3u8')))).text()
    const first = Date.parse(/PROGRAM-DATE-TIME:(\S+)/.exec(text)![1]!)
    scope.wallOf = (video: any) => first + video.currentTime * 1000
  })
}

/** From the key to the frame in which every camera stands at its event, again and again through all events. */
async function jump({ page }: Panel, events: number[]): Promise<number[]> {
  await learnDates(page)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < events.length; n++) await page.keyboard.press('k')
    for (const at of events.slice(1)) {
      await page.waitForTimeout(50)
      times.push(
        await page.evaluate((target) => {
          const scope = globalThis as any
          const videos = [...scope.document.querySelectorAll('.film-box video')]
          const startedMs = performance.now()
          scope.document.body.dispatchEvent(new scope.KeyboardEvent('keydown', { key: 'j', bubbles: true }))
          return new Promise<number>((resolve) => {
            const look = () => {
              const isThere = (video: any) =>
                !video.seeking && video.readyState >= 2 && Math.abs(scope.wallOf(video) - target) < 100
              if (videos.every(isThere)) resolve(performance.now() - startedMs)
              else scope.requestAnimationFrame(look)
            }
            scope.requestAnimationFrame(look)
          })
        }, at - BEFORE_MS)
      )
    }
  }
  return times
}

/** How far the cameras are apart in each frame while they play. */
async function play(page: Page): Promise<number[]> {
  for (let n = 0; n < EVENTS_AT.length; n++) await page.keyboard.press('k')
  await page.keyboard.press('Space')
  await page.waitForTimeout(1000)
  return page.evaluate(
    (forMs) =>
      new Promise<number[]>((resolve) => {
        const scope = globalThis as any
        const videos = [...scope.document.querySelectorAll('.film-box video')]
        const untilMs = performance.now() + forMs
        const apart: number[] = []
        const look = () => {
          const walls = videos.map((video) => scope.wallOf(video))
          apart.push(Math.max(...walls) - Math.min(...walls))
          if (performance.now() < untilMs) scope.requestAnimationFrame(look)
          else resolve(apart)
        }
        scope.requestAnimationFrame(look)
      }),
    PLAYED_MS
  )
}
