/** Child processes of the benchmarks: loads and yardsticks run beside the server, never in it. */
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { LoadOrder, LoadResult } from './load.ts'

const here = (name: string) => join(import.meta.dirname, name)

/** Runs one load and returns its figures. */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [here('load.ts'), JSON.stringify(order)])
  return JSON.parse(stdout) as LoadResult
}

/** Serves a yardstick while `work` runs. */
export async function withYardstick<T>(kind: 'http' | 'fastify', work: (url: string) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [here('yardsticks.ts'), kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const url of createInterface({ input: child.stdout })) return await work(url)
    throw new Error(`the ${kind} yardstick did not start`)
  } finally {
    child.kill()
  }
}

/** The middle one. */
export const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Runs `measure` `times` times, one after the other, and returns all results. */
export async function repeat<T>(times: number, measure: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let n = 0; n < times; n++) results.push(await measure(n))
  return results
}
