/** What hands do to a scale: the course of a weight while something is lifted, set down or only touched. Milliseconds and grams. */
import type { Random } from './random.ts'

/** `at` tells what the motion adds to the scale at a moment: 0 before `fromMs`, exactly `grams` from `untilMs` on. */
export type Motion = { fromMs: number; untilMs: number; grams: number; at: (ms: number) => number }

/** The earliest a motion may begin before the moment it is named for, and the longest it lasts after it. */
export const LONGEST_LEAD_MS = 1900
export const LONGEST_TAIL_MS = 2600

/** The part of a motion that one of several scales feels. */
export const share = (motion: Motion, part: number): Motion => ({
  ...motion,
  grams: motion.grams * part,
  at: (ms) => motion.at(ms) * part
})

const ramp = (x: number) => (x <= 0 ? 0 : x >= 1 ? 1 : x * x * (3 - 2 * x))
const bump = (x: number) => (x <= 0 || x >= 1 ? 0 : Math.sin(Math.PI * x) ** 2)

/** The plate swings out after a step: a damped oscillation that is gone in a second. */
function ringing(random: Random, grams: number): (ms: number) => number {
  const swing = grams * (grams < 200 ? random.range(0.1, 0.4) : random.range(0.01, 0.1))
  const fadeMs = random.range(60, 150)
  const hertz = random.range(4, 10)
  return (ms) => (ms < 0 ? 0 : swing * Math.exp(-ms / fadeMs) * Math.sin((2 * Math.PI * hertz * ms) / 1000))
}

/** `grams` leave the scale at `atMs`: the hand presses first, sometimes fumbles before; now and then it is a slow lift. */
export function lift(random: Random, atMs: number, grams: number): Motion {
  if (random.chance(0.04)) return slowLift(random, atMs, grams)
  const pressMs = random.range(100, 350)
  const press = grams * random.range(0.03, 0.12) + random.range(2, 12)
  const fumbleMs = random.chance(0.15) ? random.range(500, 1200) : 0
  const fumble = random.range(10, 120) * (random.chance(0.4) ? -1 : 1)
  const leaveMs = random.range(50, 150)
  const ring = ringing(random, grams)
  const untilMs = atMs + leaveMs + 1000
  const at = (ms: number) => {
    if (ms >= untilMs) return -grams
    const before = fumbleMs ? fumble * bump((ms - (atMs - pressMs - fumbleMs)) / fumbleMs) : 0
    const pressed = press * bump((ms - (atMs - pressMs)) / pressMs)
    return before + pressed - grams * ramp((ms - atMs) / leaveMs) - ring(ms - atMs - leaveMs)
  }
  return { fromMs: atMs - pressMs - fumbleMs, untilMs, grams: -grams, at }
}

function slowLift(random: Random, atMs: number, grams: number): Motion {
  const lastsMs = random.range(2400, 3600)
  const fromMs = atMs - lastsMs / 2
  return {
    fromMs,
    untilMs: fromMs + lastsMs,
    grams: -grams,
    at: (ms) => -grams * Math.min(1, Math.max(0, (ms - fromMs) / lastsMs))
  }
}

/** `grams` come onto the scale at `atMs`: they land with an impact, and the hand rests on them before it lets go. */
export function setDown(random: Random, atMs: number, grams: number): Motion {
  const landMs = random.range(50, 150)
  const impact = grams * random.range(0.05, 0.4)
  const restMs = random.range(100, 600)
  const hand = random.range(10, 120)
  const ring = ringing(random, grams)
  const untilMs = atMs + landMs + restMs + 900
  const at = (ms: number) => {
    if (ms < atMs) return 0
    if (ms >= untilMs) return grams
    const landed = ms - atMs - landMs
    const resting = landed < 0 || landed > restMs ? 0 : hand * (1 - landed / restMs)
    return grams * ramp((ms - atMs) / landMs) + impact * bump((ms - atMs) / (landMs * 2)) + resting + ring(landed)
  }
  return { fromMs: atMs, untilMs, grams, at }
}

/** A hand that leans on the scale or lifts a corner, and changes nothing. */
export function touch(random: Random, atMs: number): Motion {
  const lastsMs = random.range(200, 900)
  const grams = random.range(20, 250)
  return { fromMs: atMs, untilMs: atMs + lastsMs, grams: 0, at: (ms) => grams * bump((ms - atMs) / lastsMs) }
}
