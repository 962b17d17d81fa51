/** P5: a day with no network but loopback: devices, doors and tickets as on any other day; what must leave waits, and is read in order. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { rounds } from './support/sizes.ts'

const ALONE = ['-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']

/** Why this machine cannot; false when it can. */
function cannotBeAlone(): string | false {
  try {
    execFileSync('unshare', [...ALONE, 'true'], { stdio: 'pipe' })
    return false
  } catch (error) {
    const [why = ''] = String((error as { stderr?: Buffer }).stderr ?? error).split('\n')
    return `skipped: this machine may not take a process off the network (unshare -n, ip: ${why})`
  }
}

test('a day without the internet changes nothing: every device is served, the books balance, and the events of the day wait', {
  skip: cannotBeAlone()
}, (t) => {
  const script = join(import.meta.dirname, 'support', 'day-alone.ts')
  const facts = String(rounds(3000, 30_000))
  const out = execFileSync('unshare', [...ALONE, process.execPath, script, facts], { encoding: 'utf8', timeout: 1_200_000 })
  assert.match(out, /^a day alone: \d+ acknowledged, \d+ visits; \d+ events waited and were read in order; \d+ MiB$/m)
  t.diagnostic(out.trim())
})
