/** A real browser in tests: Debian's Chromium without a window, with a profile of its own. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const PROGRAM = process.env.CHROMIUM_PATH || '/usr/bin/chromium'
/** For a test's `skip`: why it cannot run here, or false. */
export const withoutChromium: string | false = existsSync(PROGRAM)
  ? false
  : `no Chromium (${PROGRAM}): install it, or name it in CHROMIUM_PATH`

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const NOTHING_BESIDE = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

/** Opens it with one empty page; all of it is gone at disposal. */
export async function openBrowser() {
  const profile = await mkdtemp(join(tmpdir(), 'niflr-chromium-'))
  const args = [...QUIET, ...NOTHING_BESIDE, '--autoplay-policy=no-user-gesture-required']
  const context = await chromium.launchPersistentContext(profile, { executablePath: PROGRAM, headless: true, args })
  const page = context.pages()[0] ?? (await context.newPage())
  const dispose = async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  return { page, [Symbol.asyncDispose]: dispose }
}
