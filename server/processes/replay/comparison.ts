/** Two throw-away stores live one recorded day side by side, moment by moment: one with the settings as they are, one with changed ones. */
import type { Config } from '#server/config.ts'
import type { Invalid } from '#server/platform/errors.ts'
import { caseCatalogue, storeCatalogue } from './catalogue.ts'
import { type Differences, differencesOf, totalOf } from './differences.ts'
import { merge, ownRecordings, type Recorded, readRecording } from './files.ts'
import { type Made, madeOf } from './made.ts'
import { type Beside, momentsOf } from './moments.ts'
import { BadFlag, type CompareOptions } from './options.ts'
import { NO_PLAN, openOwnStore, readOwnDay, unrecordedChanges } from './own-day.ts'
import { openRelivedStore, type RelivedStore } from './relived.ts'
import { readVisits } from './visits-file.ts'

export type Summary = { name: string; before: number; after: number; isMoney?: true }[]
export type Comparison = {
  from: Date
  to: Date
  heartbeats: number
  visits: number
  summary: Summary
  differences: Differences
  /** What the recording holds and no run could take, in words. */
  leftOut: string[]
}
export type Comparing = Pick<CompareOptions, 'logs' | 'visits' | 'from' | 'to'> & {
  before: Config
  after: Config
  /** Where throw-away databases are made, and the store's real one, if there is one. */
  server: { url: string; home: string | null }
  /** Told of each hour of the recording that is done. */
  progress?: (at: Date) => void
}

const LAST = new Date(8.64e15)
const HOUR_MS = 3_600_000

/** Runs the day twice and says what differs. Throws BadFlag where there is nothing to run. */
export async function compare({ before, after, server, progress = () => {}, ...what }: Comparing): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  const torn: Invalid[] = []
  const beats = within(recorded(before, what.logs, torn), what)
  const first = await beats.next()
  if (first.done) throw nothingThere(what, torn)
  const from = new Date(first.value.receivedMs)
  const own = server.home === null ? null : await openOwnStore(server.home, stack)
  const day = own ? await readOwnDay(own, { from, to: what.to ?? LAST }) : null
  const fromFile = what.visits === null ? null : readVisits(what.visits)
  const beside: Beside = day && !fromFile ? day : { ...openAllDay(from), visits: fromFile ?? [] }
  const catalogue =
    (what.logs[0] ? caseCatalogue(what.logs[0]) : null) ?? (server.home === null ? null : await storeCatalogue(server.home))
  const opening = { url: server.url, start: new Date(from.getTime() - 1000), catalogue, plan: day?.plan ?? NO_PLAN }
  const stores = [
    stack.use(await openRelivedStore(withoutChance(before), opening)),
    stack.use(await openRelivedStore(withoutChance(after), opening))
  ] as const
  const done = await liveBoth(stores, momentsOf(resumed(first.value, beats), beside), { from, progress })
  const [a, b] = (await Promise.all(stores.map(madeOf))) as [Made, Made]
  const unrecorded = own ? await unrecordedChanges(own, { from, to: done.to }) : []
  return {
    ...{ from, ...done },
    summary: summaryOf([a, b], [before, after]),
    differences: differencesOf(a, b),
    leftOut: leftOutOf({ torn, left: stores[0].left, unrecorded })
  }
}

/** Which tickets are double-checked is drawn by chance; how many to expect is told instead. */
const withoutChance = (config: Config): Config => ({ ...config, autoReviewSample: 0 })

/** Without a store's own records it counts as open. */
const openAllDay = (at: Date): Beside => ({ visits: [], modes: [{ mode: 'CUSTOMER_MODE', at }], sightings: nothing() })
async function* nothing(): AsyncGenerator<never> {}

function recorded({ dataDir }: Config, logs: string[], torn: Invalid[]): AsyncGenerator<Recorded> {
  const paths = logs.length > 0 ? logs : ownRecordings(dataDir)
  return merge(paths.map((path) => readRecording(path, (why) => void torn.push(why))))
}

async function* within(beats: AsyncGenerator<Recorded>, { from, to }: Pick<Comparing, 'from' | 'to'>): AsyncGenerator<Recorded> {
  for await (const beat of beats)
    if (to && beat.receivedMs > to.getTime()) return
    else if (!from || beat.receivedMs >= from.getTime()) yield beat
}

async function* resumed<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}

function nothingThere({ logs, from, to }: Pick<Comparing, 'logs' | 'from' | 'to'>, torn: Invalid[]): BadFlag {
  if (torn[0]) return new BadFlag('--log', torn[0].message)
  const span = from || to ? ` between ${from?.toISOString() ?? 'the beginning'} and ${to?.toISOString() ?? 'now'}` : ''
  const flag = from || to ? '--from, --to' : '--log'
  return new BadFlag(flag, `there are no heartbeats${span} in ${logs.length > 0 ? logs.join(', ') : 'the store’s own log'}`)
}

type Living = { from: Date; progress: (at: Date) => void }

async function liveBoth(
  stores: readonly [RelivedStore, RelivedStore],
  moments: ReturnType<typeof momentsOf>,
  { from, progress }: Living
): Promise<{ to: Date; heartbeats: number; visits: number }> {
  const done = { to: from, heartbeats: 0, visits: 0 }
  let saidMs = from.getTime()
  for await (const moment of moments) {
    await Promise.all(stores.map((store) => store.take(moment)))
    if (moment.kind === 'heartbeat') done.heartbeats += 1
    if (moment.kind === 'door' && moment.pass.isEntry) done.visits += 1
    if (moment.receivedMs > done.to.getTime()) done.to = new Date(moment.receivedMs)
    if (moment.receivedMs - saidMs < HOUR_MS) continue
    saidMs = moment.receivedMs
    progress(done.to)
  }
  await Promise.all(stores.map((store) => store.end()))
  return done
}

function summaryOf(made: [Made, Made], configs: [Config, Config]): Summary {
  const row = (name: string, of: (made: Made) => number) => ({ name, before: of(made[0]), after: of(made[1]) })
  const grams = (sign: number) => (run: Made) => run.changes.reduce((sum, change) => sum + Math.max(0, sign * change.grams), 0)
  const decided = (run: Made, by: string) => run.tickets.filter((ticket) => ticket.decided === by)
  const checks = made.map((run, n) => Math.round(10 * configs[n]!.autoReviewSample * decided(run, 'confident').length) / 10)
  const units = (run: Made) =>
    run.tickets.reduce((sum, ticket) => sum + Object.values(ticket.units).reduce((own, each) => own + each, 0), 0)
  return [
    row('weight changes', (run) => run.changes.length),
    row('grams picked', grams(-1)),
    row('grams placed', grams(1)),
    row('unbalanced machine sessions', (run) => run.unbalanced),
    row('movements', (run) => run.movements),
    row('movements for people', (run) => decided(run, 'people').reduce((sum, ticket) => sum + ticket.movements, 0)),
    row('tickets for people', (run) => decided(run, 'people').length),
    row('tickets empty', (run) => decided(run, 'empty').length),
    row('tickets inference is sure of', (run) => decided(run, 'confident').length),
    { name: 'double-checks to expect', before: checks[0]!, after: checks[1]! },
    row('units in carts', units),
    { ...row('total of carts', (run) => totalOf(run.tickets)), isMoney: true }
  ]
}

type LeftOut = { torn: Invalid[]; left: RelivedStore['left']; unrecorded: { machineId: string; changes: number }[] }

function leftOutOf({ torn, left, unrecorded }: LeftOut): string[] {
  const lines = unrecorded.map(
    ({ machineId, changes }) =>
      `${machineId}: ${changes} weight changes came of samples or of the machine itself, which no log holds`
  )
  if (torn.length > 0) lines.push(`${torn.length} lines that cannot be read, the first ${torn[0]!.message}`)
  const refused = Object.entries(left).filter(([, count]) => count > 0)
  for (const [what, count] of refused) lines.push(`${count} ${NAMES[what as keyof typeof left]} that the store refused`)
  return lines
}
const NAMES = { heartbeats: 'heartbeats', passes: 'entries or exits', others: 'positions or store modes' }
