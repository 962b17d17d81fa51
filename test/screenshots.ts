/** The pictures of the docs, taken of the real thing: `npm run screenshots` runs a demo in a folder of its own and goes through its pages. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { ADMIN, boxEnv, openFolder, run, speaker } from './support/box.ts'
import { openBrowser } from './support/browser.ts'
import { FFMPEG } from './support/ffmpeg.ts'
import { openReceiver, type Receiver } from './support/webhook-receiver.ts'

const OUT = join(import.meta.dirname, '..', 'docs', 'images', 'panel')
const ENOUGH_VISITS = 5
const PATIENCE_MS = 240_000
const say = (line: string) => process.stdout.write(`${line}\n`)

type Shot = { name: string; path: string; ready: (page: Page) => Promise<unknown>; dark?: true }
const settled = (page: Page) => page.waitForLoadState('networkidle')
const SHOTS: Shot[] = [
  { name: 'live', path: '/live', ready: (page) => page.locator('.wall img').nth(3).waitFor({ timeout: PATIENCE_MS }) },
  { name: 'review', path: '/review', ready: reviewing },
  { name: 'tickets', path: '/tickets', ready: (page) => page.getByRole('link', { name: /^T-/ }).first().waitFor() },
  { name: 'machine', path: '/machines/fresh-cabinet', ready: curve, dark: true },
  { name: 'planogram', path: '/planograms/snack-shelf', ready: (page) => page.getByText('Dark chocolate').first().waitFor() },
  { name: 'refill', path: '/refill', ready: (page) => page.getByRole('heading', { name: 'To bring' }).waitFor() },
  { name: 'webhook', path: '/webhooks', ready: deliveries, dark: true },
  { name: 'onboard-machine', path: '/start/machine', ready: onboardMachine }
]

/** The shopper’s visit with the most to decide, at its second event, with every camera shown. */
async function reviewing(page: Page): Promise<void> {
  const rows = page
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: /^T-/ }) })
    .filter({ hasNotText: /Operations|Admin/ })
  await rows.first().waitFor()
  const counts = (await rows.locator('td:nth-child(4)').allInnerTexts()).map(Number)
  await rows
    .nth(counts.indexOf(Math.max(...counts)))
    .getByRole('link', { name: /^T-/ })
    .click()
  await page.locator('.events > li').first().waitFor()
  await page.keyboard.press('j')
  await page.waitForFunction(() => (globalThis as any).document.querySelectorAll('.film-state').length === 0, null, {
    timeout: PATIENCE_MS
  })
  await page.locator('.event-picture').waitFor()
  await settled(page)
}
async function curve(page: Page): Promise<void> {
  await page.getByRole('row').filter({ hasText: 'Plain curd' }).getByRole('button', { name: 'Curve' }).click()
  await page.locator('.chart canvas').first().waitFor()
}
/** What the till was told, one of them twice. */
async function deliveries(page: Page): Promise<void> {
  await page.getByRole('row').filter({ hasText: 'The till' }).getByRole('link').first().click()
  await page.getByRole('row').filter({ hasText: 'accepted' }).first().waitFor({ timeout: PATIENCE_MS })
  await settled(page)
}
async function onboardMachine(page: Page): Promise<void> {
  await page.getByLabel('Machine id').fill('window-shelf')
  await page.getByLabel('Name').fill('Shelf by the window')
  await page.getByRole('button', { name: 'Onboard' }).click()
  await page.locator('.secret').waitFor()
}

using folder = openFolder('niflr-screenshots-')
await using till = await openReceiver()
const env = boxEnv(join(folder.path, 'data'), { CLIP_SECONDS: '60', STORE_NAME: 'Station road' })
const demo = spawn('sh', ['server/processes/run.sh', 'demo'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const url = await readyUrl()
  await untilBusy(url, till)
  mkdirSync(OUT, { recursive: true })
  await using browser = await openBrowser()
  const { page } = browser
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${url}/admin/live`)
  await page.getByLabel('Username').fill(ADMIN.username)
  await page.getByLabel('Password').fill(ADMIN.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Live' }).waitFor()
  for (const { name, path, ready, dark } of SHOTS) {
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
    await page.goto(`${url}/admin${path}`)
    await ready(page)
    await keep(name, await page.screenshot())
    say(`docs/images/panel/${name}.png`)
  }
} finally {
  demo.kill('SIGTERM')
  if (demo.exitCode === null) await once(demo, 'close')
}

function readyUrl(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  demo.stdout.on('data', (chunk) => {
    said += chunk
    const url = /ready: (http:\/\/[^/]+)\//.exec(said)?.[1]
    if (url) resolve(url)
  })
  demo.once('close', (code) => reject(new Error(`the demo ended (${code}): ${said}`)))
  return promise
}

/** In 256 colours: less than half the bytes, and nobody sees it. */
async function keep(name: string, picture: Buffer): Promise<void> {
  const taken = join(folder.path, `${name}.png`)
  writeFileSync(taken, picture)
  const colours = '[0]split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none'
  const { code, err } = await run(
    FFMPEG,
    ['-loglevel', 'error', '-y', '-i', taken, '-filter_complex', colours, join(OUT, `${name}.png`)],
    { env: { PATH: process.env.PATH ?? '' } }
  )
  if (code !== 0) throw new Error(err)
}

/** Until some shoppers have come and gone; a till is told of it, and is out of paper when it hears of the first. */
async function untilBusy(url: string, till: Receiver): Promise<void> {
  const login = await speaker(url)('POST', '/api/v1/auth/login', ADMIN)
  const ask = speaker(url, { cookie: String(login.headers.get('set-cookie')).split(';', 1)[0]!, origin: url })
  till.reacts(() => (till.heard.length === 0 ? { status: 503, text: 'out of paper' } : 204))
  const events = ['visit.opened', 'visit.closed', 'visit.settled', 'ticket.opened', 'ticket.completed', 'stock.low']
  const made = await ask('POST', '/api/v1/webhooks', { url: till.url, description: 'The till', events })
  if (made.status !== 201) throw new Error(made.text)
  const until = performance.now() + PATIENCE_MS
  for (let done = 0; done < ENOUGH_VISITS; await sleep(2000)) {
    done = (await ask('GET', '/api/v1/visits?open=false')).body.items.length
    if (performance.now() > until) throw new Error(`only ${done} visits in ${PATIENCE_MS / 1000} s`)
  }
}
