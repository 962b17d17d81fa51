/** Where webhooks may go, what an answer means, when the next attempt is due. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorOf, isGivenUp, resultOf, retryAfterMs, WAITS, waitAfter } from './rules.ts'
import { checkUrl, mayReach } from './url.ts'

test('a webhook goes out encrypted, or in clear to this box and its own network; nowhere else', () => {
  const good = [
    'https://till.example/niflr?store=1',
    'https://10.0.0.7/x',
    'https://8.8.8.8/x',
    'http://localhost:9000/',
    'http://127.0.0.1:9000/x',
    'http://[::1]:9000/',
    'http://192.168.1.20/x',
    'http://172.31.0.1/',
    'http://[fd12::1]/',
    'http://[::ffff:10.0.0.1]/'
  ]
  for (const url of good) assert.doesNotThrow(() => checkUrl(url), url)
  const bad: [string, RegExp][] = [
    ['till.example', /must be a URL/],
    ['ftp://till.example/', /must be a URL/],
    ['file:///etc/passwd', /must be a URL/],
    ['https://till.example/a b', /must be a URL/],
    ['https://till.example/a\nb', /must be a URL/],
    ['https://bob:secret@till.example/', /no user and password/],
    ['https://bob@till.example/', /no user and password/],
    ['https://till.example/#part', /no #/],
    ['http://till.example/', /plain text/],
    ['http://localhost.till.example/', /plain text/],
    ['http://8.8.8.8/', /plain text/],
    ['http://172.32.0.1/', /plain text/],
    ['http://0x08080808/', /plain text/],
    ['http://169.254.169.254/latest/meta-data', /no program can be reached/],
    ['https://169.254.169.254/', /no program can be reached/],
    ['https://[::ffff:169.254.169.254]/', /no program can be reached/],
    ['https://[fd00:ec2::254]/', /no program can be reached/],
    ['http://0.0.0.0:8000/', /no program can be reached/],
    ['http://[::]/', /no program can be reached/],
    ['https://[fe80::1]/', /no program can be reached/],
    ['https://224.0.0.1/', /no program can be reached/],
    ['https://255.255.255.255/', /no program can be reached/]
  ]
  for (const [url, words] of bad) assert.throws(() => checkUrl(url), { name: 'Invalid', field: 'url', message: words }, url)
})

test('what a name leads to is held against the same rules', () => {
  assert.deepEqual(
    ['8.8.8.8', '10.0.0.1', '127.0.0.1', '::1', '169.254.169.254', 'fe80::1', '::ffff:169.254.1.1'].map((address) => [
      mayReach('https://till.example/', address),
      mayReach('http://localhost/', address)
    ]),
    [[true, false], [true, true], [true, true], [true, true], [false, false], [false, false], [false, false]] // biome-ignore format: a table
  )
})

test('any 2xx is delivered, 410 ends it, everything else is tried again', () => {
  const results = [200, 204, 299, 301, 400, 401, 410, 429, 500, null].map((status) => resultOf({ status, error: null }))
  const refused = Array(3).fill('refused')
  assert.deepEqual(results, ['delivered', 'delivered', 'delivered', ...refused, 'gone', 'refused', 'refused', 'unreachable'])
  assert.equal(errorOf({ status: 204, error: null }), null)
  assert.match(errorOf({ status: 302, error: null })!, /redirects are not followed/)
  assert.equal(errorOf({ status: null, error: 'ECONNREFUSED' }), 'ECONNREFUSED')
})

test('waits double from five seconds to six hours, a fifth more or less, and go on for at least three days', () => {
  const middle = Array.from({ length: 40 }, (_, n) => waitAfter(n + 1, WAITS, 0.5))
  assert.deepEqual(middle.slice(0, 4), [5000, 10_000, 20_000, 40_000])
  assert.equal(Math.max(...middle), 6 * 3_600_000)
  assert.equal(waitAfter(1000, WAITS, 0.5), 6 * 3_600_000)
  assert.deepEqual([0, 1].map((random) => waitAfter(1, WAITS, random)), [4000, 6000]) // biome-ignore format: one thought
  const days = (count: number) => count * 86_400_000
  const given = (waitedMs: number, tries: number, failures = 1) => isGivenUp({ waitedMs, tries, failures }, WAITS)
  assert.deepEqual([given(days(3), 50, 5000), given(days(4), 50), given(days(4), 1, 500)], [false, true, true])
  assert.equal(given(days(10), 1), false, 'a box that was off has tried nothing yet')
})

test('Retry-After is honoured in both its forms, a day at most', () => {
  const now = new Date('2026-03-01T08:00:00Z')
  const cases: [string | null, number][] = [
    [null, 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['Sun, 01 Mar 2026 08:05:00 GMT', 300_000],
    ['Sun, 01 Mar 2026 07:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['-5', 0],
    ['soon', 0]
  ]
  for (const [header, ms] of cases) assert.equal(retryAfterMs(header, now), ms, String(header))
})
