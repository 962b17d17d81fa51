/** The process's figures, as Prometheus reads them. Each room makes its own with `metrics.counter(…)` once, when it is built. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof openMetrics>

/** One registry for one process, with the runtime's own figures (event-loop delay, memory, handles). */
export function openMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 })
  const registers = [registry]
  let askedAtMs = Number.NEGATIVE_INFINITY
  return {
    counter: <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
      new Counter<L>({ name, help, labelNames, registers }),
    /** `read` gives the value at the moment somebody asks for it. */
    gauge: (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        }
      }),
    /** A family of values, read anew at each scrape; no rows, no values. `read` may take its time, and must not throw. */
    gauges: <L extends string = never>(
      { name, help, labelNames }: { name: string; help: string; labelNames: L[] },
      read: () => Promise<{ labels: Record<L, string>; value: number }[]>
    ) =>
      new Gauge<L>({
        name,
        help,
        labelNames,
        registers,
        async collect() {
          const rows = await read()
          this.reset()
          if (labelNames.length === 0) this.remove() // a reset one would stand at 0
          for (const { labels, value } of rows) this.set(labels as never, value)
        }
      }),
    histogram: <L extends string = never>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
      new Histogram<L>({ name, help, buckets, labelNames, registers }),
    contentType: registry.contentType,
    /** When somebody last began to ask for everything, on the monotonic clock: all that one answer says is of one moment. */
    askedAtMs: () => askedAtMs,
    text: () => {
      askedAtMs = performance.now()
      return registry.metrics() // asks every gauge before it waits for one
    }
  }
}
