/** What every request gets on its way: security headers, its id, a place in the figures, a line in the log when it is slow or failed. */
import type { Config } from '#server/config.ts'
import type { Context } from '#server/context.ts'
import type { App } from '#server/platform/web-app.ts'

const CSP =
  "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const SLOW_MS = 1000

/** No inline code, no framing, no sniffing, no referrer; over TLS never plain text again. */
export function setSecurityHeaders(app: App, config: Config): void {
  const headers: Record<string, string> = {
    'content-security-policy': CSP,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
    ...(config.tlsCertFile && { 'strict-transport-security': 'max-age=31536000' })
  }
  app.addHook('onRequest', (req, reply, done) => {
    reply.headers(headers).header('x-request-id', req.id)
    done()
  })
}

/** One histogram by route and status class; the log hears of slow and failed requests, of the others only at debug. */
export function observeRequests(app: App, { log, metrics }: Context): void {
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  const histogram = metrics.histogram('http_request_seconds', 'time to answer, by route and class of status', buckets, [
    'method',
    'route',
    'status'
  ])
  const timers = new Map<string, (seconds: number) => void>()
  app.addHook('onResponse', (req, reply, done) => {
    const { method, routeOptions, id: requestId } = req
    const route = routeOptions.url ?? 'none'
    const status = `${String(reply.statusCode)[0]}xx`
    const name = `${method} ${route} ${status}`
    let observe = timers.get(name)
    if (!observe) {
      const bound = histogram.labels({ method, route, status })
      observe = (seconds) => bound.observe(seconds)
      timers.set(name, observe)
    }
    observe(reply.elapsedTime / 1000)
    const ms = Math.round(reply.elapsedTime)
    const isLoud = reply.statusCode >= 500 || ms > SLOW_MS
    if (isLoud) log.info({ requestId, method, route, status: reply.statusCode, ms }, 'request answered late or with an error')
    else if (log.isLevelEnabled('debug'))
      log.debug({ requestId, method, route, status: reply.statusCode, ms }, 'request answered')
    done()
  })
}
