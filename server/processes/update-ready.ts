/** manage ready: asks the running server whether it can work; what update.sh waits for. */
import { request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, readConfig } from '#server/config.ts'
import { Refused } from '#server/platform/errors.ts'
import { request as requestHttp } from '#server/platform/plain-http.ts'
import { say } from './run.ts'

const ASK_EVERY_MS = 250

/** Resolves once /readyz says so, within `waitSeconds` (0: asks once). Throws Refused with the last answer. */
export async function untilReady(waitSeconds: number): Promise<void> {
  const config = readConfig()
  if (config.port === 0) throw new Refused('no-port', 'PORT is 0: which port the server took is not known here')
  const deadline = performance.now() + waitSeconds * 1000
  for (;;) {
    const answer = await ask(config).catch((error: Error) => ({ ok: false, said: error.message || String(error) }))
    if (answer.ok) return say('ready')
    if (performance.now() > deadline)
      throw new Refused('not-ready', `the server on port ${config.port} is not ready: ${answer.said}`)
    await sleep(ASK_EVERY_MS)
  }
}

function ask({ host, port, tlsCertFile }: Config): Promise<{ ok: boolean; said: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ ok: boolean; said: string }>()
  const own = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const options = { host: own, port, path: '/readyz', timeout: 2000, rejectUnauthorized: false } // it asks itself; its certificate names another host
  const request = (tlsCertFile ? requestHttps : requestHttp)(options, async (response) => {
    let said = ''
    for await (const chunk of response) said += chunk
    resolve({ ok: response.statusCode === 200, said })
  })
  request.on('timeout', () => request.destroy(new Error('no answer for 2 s')))
  request.on('error', reject)
  request.end()
  return promise
}
