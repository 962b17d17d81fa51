/** What came of a rule's mutants, and the table of it. */

/** Of Stryker's report (mutation-testing-report-schema), what is used here. */
export type Mutant = {
  mutatorName: string
  replacement?: string
  status: string
  statusReason?: string
  location: { start: { line: number; column: number } }
}
/** `percent` counts mutants that hang as unnoticed, `withHung` as noticed. `unnoticed`: one line of text each. */
export type Score = {
  name: string
  mutants: number
  killed: number
  hung: number
  percent: number
  withHung: number
  unnoticed: string[]
}

export function scoreOf(name: string, all: Mutant[]): Score {
  const count = (status: string) => all.filter((mutant) => mutant.status === status).length
  const [killed, hung, mutants] = [count('Killed'), count('Timeout'), all.length]
  const share = (part: number) => (mutants === 0 ? 0 : (100 * part) / mutants)
  const unnoticed = all
    .filter(({ status }) => status !== 'Killed' && status !== 'Timeout')
    .map(
      ({ location: { start }, mutatorName, replacement = '', status }) =>
        `${start.line}:${start.column} ${status} ${mutatorName}: ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`
    )
  return { name, mutants, killed, hung, percent: share(killed), withHung: share(killed + hung), unnoticed }
}

export function printScores(scores: Score[]): void {
  const sum = (of: 'mutants' | 'killed' | 'hung') => scores.reduce((total, score) => total + score[of], 0)
  const [mutants, killed, hung] = [sum('mutants'), sum('killed'), sum('hung')]
  const total = {
    name: 'all',
    mutants,
    killed,
    hung,
    percent: (100 * killed) / mutants,
    withHung: (100 * (killed + hung)) / mutants
  }
  process.stdout.write(
    `${'rule'.padEnd(16)}${['mutants', 'killed', 'hung', 'score', 'with hung'].map((h) => h.padStart(11)).join('')}\n`
  )
  for (const { name, percent, withHung, ...counts } of [...scores, total]) {
    const cells = [counts.mutants, counts.killed, counts.hung, `${percent.toFixed(1)} %`, `${withHung.toFixed(1)} %`]
    process.stdout.write(`${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(11)).join('')}\n`)
  }
}
