/** manage replay --compare: recorded days through changed settings, and what would differ. The real store is only read. */
import { setPriority } from 'node:os'
import { type Comparison, compare } from './replay/comparison.ts'
import { tellComparison } from './replay/comparison-text.ts'
import { configsOf, readCompareOptions, settingOf } from './replay/options.ts'
import { openScratchServer } from './replay/scratch.ts'
import { say } from './run.ts'

/** Of all that runs on the box this is the least urgent. */
const NICE = 10

/** Runs the comparison that `args` ask for and prints it. Throws BadFlag, ConfigError. */
export async function compareSettings(args: string[]): Promise<void> {
  const { set, limit, json, ...what } = readCompareOptions(args)
  const configs = configsOf({ set })
  setPriority(NICE)
  await using stack = new AsyncDisposableStack()
  const server = await openScratchServer(configs.before, stack)
  const progress = (at: Date) => void process.stderr.write(`… ${at.toISOString()}\n`)
  const comparison = await compare({ ...what, ...configs, server, progress })
  const settings = Object.keys(set).map((name) => ({
    name,
    before: settingOf(configs.before, name),
    after: settingOf(configs.after, name)
  }))
  if (json) return say(JSON.stringify({ settings, ...shortened(comparison, limit) }))
  for (const line of tellComparison(comparison, { limit, currency: configs.before.currency, settings })) say(line)
}

/** As JSON: all counts, and so many differences of each kind. */
function shortened({ differences, ...rest }: Comparison, limit: number) {
  const kinds = Object.entries(differences).map(([kind, all]) => [kind, { count: all.length, shown: all.slice(0, limit) }])
  return { ...rest, differences: Object.fromEntries(kinds) }
}
