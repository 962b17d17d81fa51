/** The HTTP door itself: what it takes, what it answers when it does not, its headers, its pages, its patience. */
import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Type } from 'typebox'
import type { App, Doors } from '#server/http/app.ts'
import { NoSpace, Unavailable } from '#server/platform/errors.ts'
import { selfSigned } from '#test/support/certificate.ts'
import { assertProblem, openHttpStore, openShop, sender, signInCookie, staffCaller } from '#test/support/http.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const PRODUCTS = '/api/v1/products'

const open = (env: Record<string, string> = {}, doors: Partial<Doors> = {}) => openShop({ env, doors })

test('each thing wrong with a body has its own answer', async () => {
  await using shop = await open()
  const { send } = await staffCaller(shop.ctx, shop.app, 'admin')
  const table: [body: string, type: string, status: number, code: string][] = [
    ['{', 'application/json', 400, 'not-json'],
    ['', 'application/json', 400, 'not-json'],
    ['{"__proto__":{"a":1}}', 'application/json', 400, 'not-json'],
    ['{}', 'text/plain', 415, 'unsupported-media-type'],
    ['{}', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['{}', 'multipart/form-data', 415, 'unsupported-media-type'],
    ['{}', 'nonsense', 415, 'unsupported-media-type'],
    [`"${'x'.repeat(256 * 1024)}"`, 'application/json', 413, 'body-too-large'],
    ['[[[[[[[[[1]]]]]]]]]', 'application/json', 422, 'json-too-deep'],
    ['[[[[[[[[1]]]]]]]]', 'application/json', 422, 'invalid'],
    ['{}', 'application/json; charset=utf-8', 422, 'invalid']
  ]
  for (const [body, type, status, code] of table)
    assertProblem(await send('POST', PRODUCTS, body, { 'content-type': type }), status, code)
})

test('a path nobody serves is 404, a method it does not take 405, one that is no URL 400', async () => {
  await using shop = await open()
  for (const url of ['/nothing', '/api/v1/nothing', '/api/v1/products/a/b/c', `/${'x'.repeat(5000)}`])
    assertProblem(await shop.send('GET', url), 404, 'not-found')
  const answer = await shop.send('DELETE', PRODUCTS)
  assertProblem(answer, 405, 'method-not-allowed')
  assert.equal(answer.headers.allow, 'GET, HEAD, POST')
  assertProblem(await shop.send('GET', '/api/v1/products/%zz'), 400, 'bad-url')
})

test('every answer has the security headers and its request’s id, an error no stack', async () => {
  const routes = [
    (app: App) =>
      void app.get('/fail', { config: { access: 'public' }, schema: { summary: 'x', tags: ['x'] } }, async () => {
        throw new Error('secret detail in /srv/app')
      })
  ]
  await using shop = await open({}, { routes })
  for (const url of ['/', '/healthz', '/api/docs', PRODUCTS, '/nothing', '/fail']) {
    const { headers } = await shop.send('GET', url)
    assert.match(String(headers['content-security-policy']), /default-src 'self'.*frame-ancestors 'none'/)
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|https?:/)
    assert.deepEqual(
      [headers['x-content-type-options'], headers['referrer-policy'], headers['strict-transport-security']],
      ['nosniff', 'no-referrer', undefined]
    )
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{6}-\d+$/)
  }
  const failed = await shop.send('GET', '/fail')
  assertProblem(failed, 500, 'internal')
  assert.doesNotMatch(failed.text, /secret|srv|stack/)
})

test('the domain’s words become their statuses', async () => {
  const errors = {
    away: new Unavailable('the database is away'),
    full: new NoSpace('the disk is full'),
    reset: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    down: Object.assign(new Error('x'), { code: '57P01' }),
    full2: Object.assign(new Error('x'), { code: '53100' }),
    unfit: Object.assign(new Error('x'), { code: '22P02' })
  }
  const schema = { summary: 'x', tags: ['x'], params: Type.Object({ name: Type.String() }) }
  await using shop = await open(
    {},
    {
      routes: [
        (app) =>
          void app.get('/throw/:name', { config: { access: 'public' }, schema }, async (req) => {
            throw errors[req.params.name as keyof typeof errors]
          })
      ]
    }
  )
  const table: [name: keyof typeof errors, status: number, code: string][] = [
    ['away', 503, 'unavailable'],
    ['full', 507, 'no-space'],
    ['reset', 503, 'unavailable'],
    ['down', 503, 'unavailable'],
    ['full2', 507, 'no-space'],
    ['unfit', 422, 'unfit']
  ]
  for (const [name, status, code] of table) assertProblem(await shop.send('GET', `/throw/${name}`), status, code)
  assert.equal((await shop.send('GET', '/throw/away')).headers['retry-after'], '1')
})

test('the box’s pages are complete on the box and hold nothing inline', async () => {
  await using shop = await open({ STORE_NAME: 'Corner <Shop> & "Sons"' })
  for (const page of ['/', '/admin/', '/admin', '/api/docs', '/api/docs/']) {
    const { status, text, headers } = await shop.send('GET', page)
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'])
    assert.doesNotMatch(text, /<script(?![^>]*src)|<style| style=|\son\w+=|https?:\/\/|\{\{/)
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!)
    for (const file of files) assert.equal((await shop.send('GET', file)).status, 200, file)
  }
  assert.ok((await shop.send('GET', '/')).text.includes('Corner &lt;Shop&gt; &amp; &quot;Sons&quot;'))
  const { headers } = await shop.send('GET', '/api/docs/swagger-ui-bundle.js')
  assert.equal(
    (await shop.send('GET', '/api/docs/swagger-ui-bundle.js', undefined, { 'if-none-match': String(headers.etag) })).status,
    304
  )
})

test('the panel’s files are sent small and kept for good; a page of it is asked for each time', async () => {
  await using shop = await open()
  const page = await shop.send('GET', '/admin/tickets/018f0000-0000-7000-8000-000000000000')
  assert.deepEqual([page.status, page.headers['cache-control']], [200, 'no-cache'])
  const script = /type="module"[^>]* src="(\/admin\/assets\/[^"]+\.js)"/.exec(page.text)![1]!
  const sizes = await Promise.all(
    ['br, gzip', 'gzip;q=0.5', 'br;q=0', 'identity'].map(async (accepted) => {
      const { status, headers } = await shop.send('GET', script, undefined, { 'accept-encoding': accepted })
      assert.equal(status, 200)
      assert.match(String(headers['cache-control']), /max-age=31536000, immutable/)
      assert.match(String(headers['content-type']), /^text\/javascript/)
      assert.equal(headers.vary, 'accept-encoding')
      return [headers['content-encoding'], Number(headers['content-length'])] as const
    })
  )
  assert.deepEqual(
    sizes.map(([encoding]) => encoding),
    ['br', 'gzip', undefined, undefined]
  )
  const [br, gzip, plain] = sizes.map(([, bytes]) => bytes)
  assert.ok(br! < gzip! && gzip! < plain! / 2 && gzip! < 400_000, `${br} ${gzip} ${plain}`)
  const again = await shop.send('GET', script, undefined, {
    'if-none-match': String((await shop.send('GET', script)).headers.etag)
  })
  assert.equal(again.status, 304)
  for (const missing of ['/admin/assets/none.js', '/admin/..%2fpackage.json', '/admin/.built-from'])
    assert.equal((await shop.send('GET', missing)).headers['content-type']?.toString().includes('javascript'), false)
  assertProblem(await shop.send('GET', '/admin/assets/none.js'), 404, 'not-found')
})

test('readiness is the process’s word, health the process itself', async () => {
  const answers = [
    { ok: true, checks: { database: 'ok' }, degraded: ['ffmpeg'] },
    { ok: false, checks: { database: 'away' }, degraded: [] }
  ]
  await using shop = await open({}, { ready: async () => answers.shift() ?? Promise.reject(new Error('gone')) })
  const ready = await shop.send('GET', '/readyz')
  assert.deepEqual([ready.status, ready.body], [200, { ok: true, checks: { database: 'ok' }, degraded: ['ffmpeg'] }])
  assert.deepEqual((await shop.send('GET', '/readyz')).status, 503)
  assert.deepEqual((await shop.send('GET', '/readyz')).status, 503)
  assert.deepEqual((await shop.send('GET', '/healthz')).body, { status: 'ok' })
})

test('figures are for the box itself, or for who signs in', async () => {
  await using shop = await open()
  const far = (headers: Record<string, string> = {}) =>
    shop.app.inject({ method: 'GET', url: '/metrics', remoteAddress: '192.0.2.7', headers })
  assert.equal((await far()).statusCode, 401)
  assert.equal((await far({ 'x-forwarded-for': '127.0.0.1', authorization: 'Bearer x' })).statusCode, 401)
  const { token } = await staffCaller(shop.ctx, shop.app, 'reviewer')
  assert.equal((await far({ authorization: `Bearer ${token}` })).statusCode, 200)
  await shop.send('GET', PRODUCTS)
  const { text } = await shop.send('GET', '/metrics')
  assert.match(text, /http_request_seconds_count\{method="GET",route="\/api\/v1\/products",status="4xx"\} 1/)
})

test('bytes that are no HTTP get one short answer and the line is cut', async () => {
  await using shop = await open()
  const { port } = new URL(await shop.app.listen({ host: '127.0.0.1', port: 0 }))
  const talk = (bytes: string) =>
    new Promise<string>((resolve) => {
      let heard = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
      socket.on('data', (data) => {
        heard += data
      })
      socket.on('close', () => resolve(heard))
      socket.on('error', () => {})
    })
  assert.match(await talk('\x16\x03\x01 hello\r\n\r\n'), /^HTTP\/1\.1 400 /)
  assert.match(
    await talk(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 .*application\/problem\+json/s
  )
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
})

test('over TLS the cookie is Secure and plain text is never asked for again', async () => {
  await using folder = await openHttpStore()
  const { keyFile, certFile } = selfSigned(folder.ctx.config.dataDir)
  await using shop = await open({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile })
  const admin = await staffCaller(shop.ctx, shop.app, 'admin')
  const { port } = new URL(await shop.app.listen({ host: '127.0.0.1', port: 0 }))
  const answer = await new Promise<{ hsts: unknown; cookie: unknown }>((resolve, reject) => {
    const body = JSON.stringify({ username: admin.username, password: admin.password })
    const sent = httpsRequest(
      { port, host: '127.0.0.1', path: '/api/v1/auth/login', method: 'POST', rejectUnauthorized: false, headers: JSON_TYPE },
      (res) => {
        resolve({ hsts: res.headers['strict-transport-security'], cookie: res.headers['set-cookie'] })
        res.resume()
      }
    )
    sent.on('error', reject)
    sent.end(body)
  })
  assert.match(String(answer.hsts), /max-age=\d{7,}/)
  assert.match(String(answer.cookie), /; Secure/)
})

test('a cookie does not pass where it is sent twice or with a token that is wrong', async () => {
  await using shop = await open()
  const admin = await staffCaller(shop.ctx, shop.app, 'admin')
  const cookie = await signInCookie(shop.app, admin)
  assertProblem(await sender(shop.app, { cookie, authorization: 'Bearer wrong' })('GET', '/api/v1/auth/me'), 401, 'unauthorized')
  assert.equal((await sender(shop.app, { cookie })('GET', '/api/v1/auth/me')).status, 200)
})
