/** What the operator watches: every figure of the dashboard and the alert rules exists, and says what is so. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kept } from '#server/processes/figures/kept.ts'
import { registerFigures } from '#server/processes/figures.ts'
import { openFolder, startServer } from '#test/support/box.ts'
import { openTestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/devices.ts'
import { land, later, openStore, visitor } from '#test/support/visiting.ts'

const RULES = 'docs/monitoring/prometheus-alerts.yml'
const DASHBOARD = 'docs/monitoring/grafana-dashboard.json'
const rules = readFileSync(RULES, 'utf8')
const alerts = [...rules.matchAll(/^ +- alert: (\w+)\n +expr: (.*)$/gm)].map(([, name, expression]) => ({
  name: name!,
  expression: expression!
}))
type Panel = { title: string; targets?: { expr: string }[] }
const panels = (JSON.parse(readFileSync(DASHBOARD, 'utf8')).panels as Panel[]).flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ name: title, expression: expr }))
)

const WORDS = new Set(
  'and or unless by without sum count increase rate delta histogram_quantile predict_linear time topk vector'.split(' ')
)

/** The figures that an expression names, after a look at its brackets: not a parser, but what a typing error trips over. */
function figuresOf({ name, expression }: { name: string; expression: string }): string[] {
  const bare = expression.replace(/"[^"]*"/g, '').replace(/\b(by|without) ?\([^)]*\)/g, '')
  const open: string[] = []
  for (const sign of bare) {
    if ('([{'.includes(sign)) open.push(sign)
    if (')]}'.includes(sign)) assert.equal(open.pop(), '([{'[')]}'.indexOf(sign)], `${name}: brackets`)
  }
  assert.equal(open.length, 0, `${name}: brackets`)
  const words = bare.replace(/\{[^}]*\}|\[[^\]]*\]/g, '').match(/\b[a-zA-Z_][a-zA-Z0-9_]*/g) ?? []
  return words.filter((word) => !WORDS.has(word) && !/^e\d+$/.test(word))
}

const namesIn = (text: string) => new Set([...text.matchAll(/^# HELP (\S+)/gm)].map((match) => match[1]!))
const figureIn = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1)
  )

test('every figure of the dashboard and of the alert rules is one that the server gives', async () => {
  using folder = openFolder()
  await using database = await openTestDatabase()
  await using server = await startServer(folder.path, { DATABASE_URL: database.ownerUrl })
  await fetch(`${server.url}/entry-control/`, { method: 'POST' })
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const given = new Set([...namesIn(text), 'up', 'scans_total']) // `up` is Prometheus' own; scans begin with the first scanner
  assert(alerts.length >= 20 && alerts.length === rules.match(/- alert:/g)!.length)
  for (const used of [...alerts, ...panels])
    for (const figure of figuresOf(used))
      assert(given.has(figure.replace(/_(bucket|sum|count)$/, '')), `${used.name}: there is no figure ${figure}`)
  const docs = readFileSync('docs/monitoring.md', 'utf8')
  for (const figure of namesIn(text))
    if (!/^(process|nodejs)_/.test(figure)) assert(docs.includes(figure), `docs/monitoring.md does not tell of ${figure}`)
  assert.equal(figureIn(text, 'niflr_database_up'), 1)
})

test('the alert rules are good ones', (t) => {
  try {
    execFileSync('promtool', ['check', 'rules', RULES], { stdio: 'pipe' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    t.skip('promtool is not installed (apt install prometheus): the alert rules are only looked at roughly')
  }
})

test('every alarm of the store and every alert has its line in docs/alarms.md', () => {
  const docs = readFileSync('docs/alarms.md', 'utf8')
  const sources = globSync('server/**/*.ts').map((file) => readFileSync(file, 'utf8'))
  const raised = sources.filter((source) => source.includes('startAlarm(tx')).join('\n')
  const kinds = [...raised.matchAll(/(?:KIND =|kind:|alarmKind = [^\n]*\?|-failed' :) '([a-z-]+)'/g)].map((match) => match[1]!)
  assert(kinds.length >= 3, `found only ${kinds}`)
  for (const kind of kinds) assert(docs.includes(`\`${kind}\``), `docs/alarms.md does not tell of ${kind}`)
  for (const { name } of alerts) assert(docs.includes(`| ${name} |`), `docs/alarms.md does not tell of ${name}`)
})

test('the figures say what is so, are kept for a while, and are absent while the database is away', async () => {
  await using store = await openStore({ machines: 2 })
  const { ctx } = store
  await visitor(store)
  const waiting = await visitor(store)
  await land(ctx, { machineId: 'm1', grams: -330, at: ctx.clock.now() })
  await waiting.leave()
  await later(store, 600_000) // the other machine's ticket is empty and completes itself
  await ctx.pool.query('ALTER TABLE store RENAME TO away')
  registerFigures(ctx)
  const away = await ctx.metrics.text()
  assert.equal(figureIn(away, 'niflr_database_up'), 0)
  assert(!/^niflr_(tickets|open_visits)[{ ]/m.test(away), 'what is not known is not said')
  assert(figureIn(away, 'niflr_disk_free_bytes') > 0)
  await ctx.pool.query('ALTER TABLE away RENAME TO store')
  const text = await until(async () => {
    const now = await ctx.metrics.text()
    return figureIn(now, 'niflr_database_up') === 1 ? now : null
  }, 'the figures are back')
  const told = (series: string) => figureIn(text, series)
  assert.deepEqual(
    [
      told('niflr_open_visits'),
      told('niflr_tickets{status="TO_BE_REVIEWED"}'),
      told('niflr_tickets_made'),
      told('niflr_store_mode{mode="CUSTOMER_MODE"}')
    ],
    [1, 1, 2, 1]
  )
  assert.equal(told('niflr_machines{state="online"}') + told('niflr_machines{state="offline"}'), 2)
  assert(!text.includes('\nniflr_last_backup_timestamp_seconds '), 'there was no backup')
  await visitor(store)
  assert.equal(figureIn(await ctx.metrics.text(), 'niflr_open_visits'), 1, 'asked again at once, the database is left alone')
})

test('one scrape is of one moment: a reading that runs out while it is answered is not half of the answer', async (t) => {
  await using store = await openStore()
  const { ctx } = store
  const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve(7)]
  const reading = kept(ctx, 10_000, () => answers.shift()!())
  const now = performance.now.bind(performance)
  let aheadMs = 0
  t.mock.method(performance, 'now', () => now() + aheadMs)
  const gauge = (name: string) =>
    ctx.metrics.gauges({ name, help: name, labelNames: [] }, async () => {
      const value = await reading()
      return value === null ? [] : [{ labels: {}, value }]
    })
  gauge('before')
  ctx.metrics.gauge('slow', 'takes long to answer', () => {
    aheadMs += 2000
    return 1
  })
  gauge('after')
  for (const value of [Number.NaN, Number.NaN, 7]) {
    const text = await ctx.metrics.text()
    assert.deepEqual([figureIn(text, 'before'), figureIn(text, 'after')], [value, value])
  }
})
