/** Percentiles of measured times. */

/** The value below which `share` of the values lie: of 50 the 99 % one is the greatest. */
export const percentile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

/** As a row shows it: to the tenth. */
export const tenth = (value: number): number => Math.round(value * 10) / 10
