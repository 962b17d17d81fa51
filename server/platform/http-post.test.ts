/** A POST to a program elsewhere: what counts as its answer, and who is not connected to at all. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openFolder } from '#test/support/box.ts'
import { selfSigned } from '#test/support/certificate.ts'
import { post } from './http-post.ts'

async function listening(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    }
  }
}
const answering = (listener: RequestListener) => listening(createServer(listener))
const never = new AbortController().signal
const hello = { headers: {}, body: 'hellö', timeoutMs: 5000, isAllowed: () => true }

test('an answer is its status and how its body began, also when the body never ends', async () => {
  using server = await answering((request, response) => {
    response.writeHead(request.headers['content-length'] === '6' ? 200 : 500, { 'retry-after': '7' }).write('é'.repeat(600))
  })
  const url = `http://127.0.0.1:${server.port}/`
  const answer = await post({ ...hello, url }, never)
  assert.deepEqual([answer.status, answer.error], [200, null])
  assert.deepEqual(answer.status && [answer.retryAfter, answer.answer], ['7', 'é'.repeat(250)])
  using quiet = await answering((_request, response) => void response.writeHead(202).flushHeaders())
  const slow = await post({ ...hello, url: `http://127.0.0.1:${quiet.port}/`, timeoutMs: 100 }, never)
  assert.deepEqual(slow.status && [slow.status, slow.answer], [202, ''])
})

test('no answer is told as what it was; who stops it hears so', async () => {
  using server = await answering(() => {})
  const url = `http://127.0.0.1:${server.port}/`
  assert.deepEqual(await post({ ...hello, url, timeoutMs: 50 }, never), { status: null, error: 'no answer within 0.05 s' })
  await assert.rejects(post({ ...hello, url }, AbortSignal.timeout(50)), { name: 'TimeoutError' })
  const refused = await post({ ...hello, url: 'http://127.0.0.1:1/' }, never)
  assert.match(refused.error!, /ECONNREFUSED/)
})

test('a name that leads to an address that is not allowed is not connected to', async () => {
  let calls = 0
  using server = await answering((_request, response) => {
    calls += 1
    response.end()
  })
  const url = `http://localhost:${server.port}/`
  const refused = await post({ ...hello, url, isAllowed: () => false }, never)
  assert.match(refused.error!, /^localhost leads to (127\.0\.0\.1|::1), which no webhook may have$/)
  assert.equal(calls, 0)
  assert.equal((await post({ ...hello, url, isAllowed: (address) => address === '127.0.0.1' }, never)).status, 200)
  assert.equal(calls, 1)
})

test('a certificate that nobody trusts is refused', async () => {
  using folder = openFolder()
  const { key, cert } = selfSigned(folder.path)
  using server = await listening(createTlsServer({ key, cert }, (_request, response) => void response.end()))
  const refused = await post({ ...hello, url: `https://localhost:${server.port}/` }, never)
  assert.match(refused.error!, /self-signed certificate/)
})
