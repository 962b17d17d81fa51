/** What ours is held against: bare node:http, Fastify with the same body schema and an empty handler. `node bench/yardsticks.ts http|fastify` prints its URL and serves until killed. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { Heartbeat } from '#contracts/device/heartbeat.ts'

const SUCCESS = JSON.stringify({ status: 'success' })

async function bareHttp(): Promise<string> {
  const server = createServer((req, res) => {
    req.resume()
    req.on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end(SUCCESS))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function emptyFastify(): Promise<string> {
  const app = fastify()
  const answer = { type: 'object', properties: { status: { type: 'string' } } }
  app.post('/api/machines/heartbeat', { schema: { body: Heartbeat, response: { 200: answer } } }, async () => ({
    status: 'success'
  }))
  return app.listen({ host: '127.0.0.1', port: 0 })
}

if (import.meta.main) process.stdout.write(`${await (process.argv[2] === 'http' ? bareHttp() : emptyFastify())}\n`)
