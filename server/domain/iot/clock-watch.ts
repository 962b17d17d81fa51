/**
 * The watch over the clock of the box: wall time against time that does not jump. What it saw is an event; the alarm stays on as long as
 * the store's time and the box's are apart, and a quarter of an hour after the last jump, so that somebody sees it.
 */
import { type Context, type Tx, transact } from '#server/context.ts'
import { endAlarm, startAlarm } from '#server/domain/staff/actions.ts'
import { CLOCK_STEP_MS, type ClockLook, lookAtClock, stepBetween } from '#server/platform/clock-step.ts'

const KIND = 'clock-jumped'
const SUBJECT = 'box'
const CALM_AFTER_MS = 15 * 60_000

type Watch = { look: ClockLook; jumpedMonoMs: number; isAlarmed: boolean | null }
const watches = new WeakMap<Context, Watch>()

/** Compares both clocks with what they were at the last look. Returns how many jumps there were: 0 or 1. */
export async function watchClock(ctx: Context): Promise<number> {
  const look = lookAtClock(ctx.clock)
  const { wallMs, monoMs } = look
  const watch = watches.get(ctx) ?? { look, jumpedMonoMs: Number.NEGATIVE_INFINITY, isAlarmed: null }
  watches.set(ctx, watch)
  const byMs = stepBetween(watch.look, look)
  const apartMs = ctx.clock.now().getTime() - wallMs
  const hasJumped = byMs !== 0
  const isOn = hasJumped || Math.abs(apartMs) >= CLOCK_STEP_MS || monoMs - watch.jumpedMonoMs < CALM_AFTER_MS
  if (hasJumped || isOn !== watch.isAlarmed)
    await transact(ctx, async (tx) => {
      if (hasJumped) tx.emit('clock.jumped', { byMs })
      await (isOn ? start(tx, byMs, apartMs) : endAlarm(tx, { kind: KIND, subject: SUBJECT }))
    })
  Object.assign(watch, { look, isAlarmed: isOn, ...(hasJumped && { jumpedMonoMs: monoMs }) })
  if (hasJumped) ctx.log.warn({ byMs, apartMs }, 'the clock of the box was set')
  return hasJumped ? 1 : 0
}

function start(tx: Tx, byMs: number, apartMs: number): Promise<void> {
  const jumped = byMs === 0 ? '' : ` was set ${byMs < 0 ? 'back' : 'forward'} by ${spanOf(byMs)}`
  const apart =
    Math.abs(apartMs) < CLOCK_STEP_MS
      ? ''
      : ` stands ${spanOf(apartMs)} ${apartMs > 0 ? 'behind' : 'ahead of'} the store's own time`
  const message = `the clock of the box${[jumped, apart].filter(Boolean).join(' and')}: check its time source and its battery`
  return startAlarm(tx, { kind: KIND, subject: SUBJECT, message })
}

function spanOf(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  const units: [number, string][] = [[86_400, 'days'], [3600, 'hours'], [60, 'minutes'], [1, 'seconds']] // biome-ignore format: a table
  const [size, name] = units.find(([unit]) => seconds >= 2 * unit) ?? [1, 'seconds']
  return `${Math.round(seconds / size)} ${name}`
}
