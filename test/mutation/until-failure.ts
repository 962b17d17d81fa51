/** Runs test files in this process, in order, and ends with the first test that fails: a mutant needs to be found out only once. */
import { run } from 'node:test'
import fc from 'fast-check'

let passed = 0
const fail = (what: string) => {
  process.stdout.write(`${what}\n`)
  process.exit(1)
}
fc.configureGlobal({ endOnFailure: true }) // that a property failed is enough; nobody asks for its smallest case
const tests = run({ files: process.argv.slice(2), isolation: 'none' })
tests.on('test:fail', ({ name, details }) => fail(`${name}: ${details.error.message}`))
tests.on('test:pass', () => void passed++)
tests.on('end', () => passed > 0 || fail('no test ran'))
tests.resume()
