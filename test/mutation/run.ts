/**
 * `npm run mutation [-- RULE…]`: changes the rules one small thing at a time (Stryker's mutants) and asks of each change whether a test
 * notices. Prints the score of each rule and every mutant that nobody noticed; fails below 85 %. Stryker is not among the project's
 * packages, which must be in place within a minute on a fresh machine: it is installed beside this file the first time.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { RULES } from './rules.ts'
import { type Mutant, printScores, type Score, scoreOf } from './score.ts'

const HERE = import.meta.dirname
const HOME = join(HERE, '../../node_modules/.mutation')
const STRYKER = join(HOME, 'node_modules/@stryker-mutator/core/bin/stryker.js')
/** What one run of a rule's tests may use of a processor: several times what they need; more is a mutant that goes round for ever. */
const CPU_SECONDS = 8
const HUNG = 'used up its processor time'
const ENOUGH = 85

const { values, positionals } = parseArgs({ options: { concurrency: { type: 'string' } }, allowPositionals: true })
const unknown = positionals.filter((name) => !(name in RULES))
if (unknown.length > 0) {
  process.stderr.write(`there is no rule ${unknown.join(', ')}; there are: ${Object.keys(RULES).join(', ')}\n`)
  process.exit(2)
}
const concurrency = Number(values.concurrency ?? Math.max(1, availableParallelism() - 1))
if (!Number.isInteger(concurrency) || concurrency < 1) {
  process.stderr.write('--concurrency must be a whole number, at least 1\n')
  process.exit(2)
}

install()
const scores: Score[] = []
for (const [name, rule] of Object.entries(RULES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const score = scoreOf(name, mutate(rule))
  for (const line of score.unnoticed) process.stdout.write(`${rule.file}:${line}\n`)
  scores.push(score)
}
printScores(scores)
process.exitCode = scores.every((score) => score.percent >= ENOUGH) ? 0 : 1

function install(): void {
  const manifest = ['package.json', 'package-lock.json', '.npmrc']
  const isSame = (name: string) =>
    existsSync(join(HOME, name)) && readFileSync(join(HOME, name)).equals(readFileSync(join(HERE, name)))
  // npm writes its own list of what is there last
  if (manifest.every(isSame) && existsSync(join(HOME, 'node_modules/.package-lock.json'))) return
  process.stderr.write('installing Stryker (60 MB) beside the project’s packages; only the first time\n')
  mkdirSync(HOME, { recursive: true })
  for (const name of manifest) copyFileSync(join(HERE, name), join(HOME, name))
  const npm = spawnSync('npm', ['ci', '--prefix', HOME, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HOME,
    stdio: ['ignore', 2, 2]
  })
  if (npm.status === 0) return
  process.stderr.write('npm could not install it: see above\n')
  process.exit(1)
}

/** Runs the mutants of one rule in a copy of the project. */
function mutate({ file, tests }: { file: string; tests: string[] }): Mutant[] {
  const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
  try {
    const report = join(folder, 'report.json')
    const config = join(folder, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        mutate: [file],
        testRunner: 'command',
        commandRunner: {
          command: `ulimit -t ${CPU_SECONDS}; node test/mutation/until-failure.ts ${tests.join(' ')}; s=$?; [ $s -lt 128 ] || echo ${HUNG}; exit $s`
        },
        concurrency,
        timeoutMS: 600_000,
        ignorePatterns: [
          '*',
          '!package.json',
          '!contracts/**',
          '!server/**',
          '!test/support/**',
          '!test/mutation/until-failure.ts'
        ],
        tempDirName: join(folder, 'copies'),
        tsconfigFile: 'none.json',
        disableTypeChecks: false,
        reporters: ['json', 'progress-append-only'],
        jsonReporter: { fileName: report },
        logLevel: 'warn',
        allowConsoleColors: false
      })
    )
    const { status } = spawnSync(process.execPath, [STRYKER, 'run', config], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') } // every mutant runs the same source
    })
    if (status !== 0) throw new Error(`Stryker ended with status ${status}`)
    const { files } = JSON.parse(readFileSync(report, 'utf8')) as { files: Record<string, { mutants: Mutant[] }> }
    return Object.values(files).flatMap(({ mutants }) =>
      mutants.map((mutant) => (mutant.statusReason?.includes(HUNG) ? { ...mutant, status: 'Timeout' } : mutant))
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
