/** What every request gets on its way: security headers, its id, a place in the figures, a line in the log when it is slow or failed. */
import type { Config } from '#server/config.ts'
import type { Context } from '#server/context.ts'
import type { App } from '#server/platform/web-app.ts'

const CSP =
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const SLOW_MS = 1000

/** No inline code, no framing, no sniffing, no referrer; over TLS never plain text again. */
export const securityHeaders = (config: Config): Record<string, string> => ({
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
  ...(config.tlsCertFile && { 'strict-transport-security': 'max-age=31536000' })
})

/** On every answer. */
export function setSecurityHeaders(app: App, headers: Record<string, string>): void {
  app.addHook('onRequest', (req, reply, done) => {
    reply.headers(headers).header('x-request-id', req.id)
    done()
  })
}

export type Answered = { method: string; route: string; status: number; ms: number; requestId: string }
export type Observe = (answered: Answered) => void

/** One histogram by route and status class; the log hears of slow and failed requests, of the others only at debug. Returns how to tell of one that the framework did not see. */
export function observeRequests(app: App, { log, metrics }: Context): Observe {
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  const histogram = metrics.histogram('http_request_seconds', 'time to answer, by route and class of status', buckets, [
    'method',
    'route',
    'status'
  ])
  const timers = new Map<string, (seconds: number) => void>()
  const observe: Observe = (answered) => {
    const { method, route, status } = answered
    const name = `${method} ${route} ${Math.floor(status / 100)}xx`
    let time = timers.get(name)
    if (!time) {
      const bound = histogram.labels({ method, route, status: `${Math.floor(status / 100)}xx` })
      time = (seconds) => bound.observe(seconds)
      timers.set(name, time)
    }
    time(answered.ms / 1000)
    const ms = Math.round(answered.ms)
    if (status >= 500 || ms > SLOW_MS) log.info({ ...answered, ms }, 'request answered late or with an error')
    else if (log.isLevelEnabled('debug')) log.debug({ ...answered, ms }, 'request answered')
  }
  app.addHook('onResponse', ({ method, routeOptions, id: requestId }, { statusCode: status, elapsedTime: ms }, done) => {
    observe({ requestId, method, route: routeOptions.url ?? 'none', status, ms })
    done()
  })
  return observe
}
