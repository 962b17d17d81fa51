/** What `manage replay --compare` is asked for, checked flag by flag. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from '#server/config.ts'

/** Something a person can put right; the message names the flag. */
export class BadFlag extends Error {
  readonly exitCode = 2
  constructor(flag: string, why: string) {
    super(`${flag}: ${why}`)
    this.name = 'BadFlag'
  }
}

export type CompareOptions = {
  /** Files of heartbeats; empty: the store's own log. */
  logs: string[]
  /** A file of visits; null: the store's own. */
  visits: string | null
  from: Date | null
  to: Date | null
  /** Settings to change, by name. */
  set: Record<string, string>
  /** The most differences of a kind that are shown. */
  limit: number
  json: boolean
}

/** The settings that a recorded day shows the effect of, and where their values are. */
const COMPARABLE: Record<string, keyof Config> = {
  CHANGE_THRESHOLD_GRAMS: 'changeThresholdGrams',
  AUTO_REVIEW: 'autoReview',
  AUTO_REVIEW_CONFIDENCE: 'autoReviewConfidence',
  AUTO_REVIEW_SAMPLE: 'autoReviewSample',
  TICKET_WINDOW: 'ticketWindow',
  MACHINE_SESSION_SECONDS: 'machineSessionSeconds',
  TIME_ZONE: 'timeZone'
}
const NAMES = Object.keys(COMPARABLE)
const DEFAULT_LIMIT = 50
const MOST = 100_000
const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const yes = { type: 'boolean' } as const

/** Reads the command's arguments. Throws BadFlag. */
export function readCompareOptions(args: string[]): CompareOptions {
  const { values, positionals } = parsed(args)
  if (positionals.length > 0) throw new BadFlag(positionals[0]!, 'name a file of heartbeats with --log FILE')
  const from = time('--from', values.from)
  const to = time('--to', values.to)
  if (from && to && from >= to) throw new BadFlag('--to', 'must lie after --from')
  for (const path of values.log ?? []) assertFile('--log', path)
  if (values.visits !== undefined) assertFile('--visits', values.visits)
  const { limit = String(DEFAULT_LIMIT) } = values
  if (!/^\d{1,6}$/.test(limit) || Number(limit) > MOST) throw new BadFlag('--limit', `must be a number from 0 to ${MOST}`)
  return {
    ...{ logs: values.log ?? [], visits: values.visits ?? null, from, to },
    ...{ set: settings(values.set ?? []), limit: Number(limit), json: values.json === true }
  }
}

function parsed(args: string[]) {
  const options = { compare: yes, json: yes, log: texts, visits: text, from: text, to: text, set: texts, limit: text }
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new BadFlag('replay --compare', (error as Error).message)
  }
}

function time(flag: string, value: string | undefined): Date | null {
  if (value === undefined) return null
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(value)
  const ms = isTime ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw new BadFlag(flag, `"${value}" is not a time with its zone, such as 2026-03-01T08:00Z`)
  return new Date(ms)
}

function assertFile(flag: string, path: string): void {
  if (!existsSync(path)) throw new BadFlag(flag, `there is no file ${path}`)
}

function settings(given: string[]): Record<string, string> {
  if (given.length === 0) throw new BadFlag('--set', `is missing: say what to change, such as --set ${NAMES[0]}=20`)
  return Object.fromEntries(
    given.map((each) => {
      const [, name, value] = /^([A-Z0-9_]+)=(.*\S.*)$/.exec(each) ?? []
      if (!name || !value) throw new BadFlag('--set', `"${each}" is not NAME=VALUE`)
      if (!NAMES.includes(name))
        throw new BadFlag('--set', `${name} makes no difference to a recorded day; what does: ${NAMES.join(', ')}`)
      return [name, value]
    })
  )
}

/** The settings as they are, and as they would be. Throws ConfigError, BadFlag for a value that `set` gives. */
export function configsOf({ set }: Pick<CompareOptions, 'set'>): { before: Config; after: Config } {
  const before = readConfig()
  try {
    return { before, after: readConfig(null, set) }
  } catch (error) {
    throw error instanceof ConfigError ? new BadFlag('--set', error.message.replace(/^setting /, '')) : error
  }
}

/** What a setting that can be compared is set to. */
export const settingOf = (config: Config, name: string): string => String(config[COMPARABLE[name]!])
