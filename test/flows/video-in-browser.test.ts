/** A reviewer's browser: a ticket's window in real Chromium with hls.js, by its link alone, while the clip is still being recorded. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { openBrowser, withoutChromium } from '#test/support/browser.ts'
import { withoutFfmpeg } from '#test/support/ffmpeg.ts'
import { filmedCamera, greyAt } from '#test/support/filming.ts'
import { openStore, visitor } from '#test/support/visiting.ts'

const SECOND = 1000
const HLS = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')
const [LOGIN, LOGOUT, RECORDED] = [20, 40, 45]

type Played = { duration: number; first: Shown; last: Shown; errors: string[] }
type Shown = { grey: number; date: number }

/** In the page: plays `url` to its end, four times as fast, and says what was seen first and last. */
const play = (url: string) =>
  new Promise<Played>((resolve, reject) => {
    const page = globalThis as any
    const video = page.document.querySelector('video')
    const canvas = page.document.createElement('canvas')
    const hls = new page.Hls()
    const errors: string[] = []
    let first: Shown | null = null
    const look = (): Shown => {
      const context = canvas.getContext('2d')
      context.drawImage(video, 0, 0, 64, 36)
      return { grey: context.getImageData(32, 18, 1, 1).data[1], date: hls.playingDate?.getTime() ?? 0 }
    }
    hls.on('hlsError', (_event: unknown, error: { fatal: boolean; details: string }) => {
      if (error.details !== 'bufferStalledError') errors.push(error.details) // at four times the speed a busy machine waits, and plays on
      if (error.fatal) reject(new Error(error.details))
    })
    video.requestVideoFrameCallback(() => {
      first = look()
      video.playbackRate = 4
    })
    video.onended = () => resolve({ duration: video.duration, first: first!, last: look(), errors })
    hls.on('hlsManifestParsed', () => video.play())
    hls.loadSource(url)
    hls.attachMedia(video)
  })

test('a visit of 20 s in a longer clip: its ticket plays exactly the window before the clip has closed', {
  skip: withoutFfmpeg || withoutChromium
}, async () => {
  await using store = await openStore({ machines: 1, env: { AUTO_REVIEW: 'off' } })
  const { ctx, clock } = store
  const t0 = clock.now().getTime()
  const camera = await filmedCamera(ctx, { machineIds: ['m1'] })
  const clip = await camera.open(clock.now())
  clock.forward(LOGIN * SECOND)
  const shopper = await visitor(store)
  clock.forward((LOGOUT - LOGIN) * SECOND)
  const { tickets } = await shopper.leave()
  clip.grow(RECORDED)
  const reviewer = await store.staff('reviewer')
  const ticket = (await reviewer.send('GET', `/api/v1/tickets/${tickets[0]!.id}`)).body
  assert.deepEqual(ticket.awaitedVideos, [clip.videoId], 'it is still being recorded')
  const base = await store.app.listen({ host: '127.0.0.1', port: 0 })

  await using browser = await openBrowser()
  const { page } = browser
  const html = '<!doctype html><video muted width="64" height="36"></video>'
  await page.route(`${base}/player`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
  await page.goto(`${base}/player`)
  await page.addScriptTag({ path: HLS })
  const { duration, first, last, errors } = await page.evaluate(play, ticket.footage[0].playlistUrl)
  assert.deepEqual(errors, [])
  assert.ok(Math.abs(duration - (LOGOUT - LOGIN)) < 0.05, `${duration} s`)
  assert.ok(Math.abs(first.grey - greyAt(LOGIN)) <= 3, `first ${first.grey}, not ${greyAt(LOGIN)}`)
  assert.ok(Math.abs(last.grey - greyAt(LOGOUT - 1)) <= 3, `last ${last.grey}, not ${greyAt(LOGOUT - 1)}`)
  assert.ok(Math.abs(first.date - (t0 + LOGIN * SECOND)) < 300, `begins at ${new Date(first.date).toISOString()}`)
  assert.ok(Math.abs(last.date - (t0 + LOGOUT * SECOND)) < 300, `ends at ${new Date(last.date).toISOString()}`)
})
