/** What may be a camera's stream, and that no password of one is ever seen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Invalid } from '#server/platform/errors.ts'
import { checkStreamUrl, maskIn, maskStreamUrl } from './stream-url.ts'

test('streams of cameras are taken, files and everything else refused with the field named', () => {
  for (const url of ['rtsp://10.0.0.7/live', 'rtsps://a:b@cam:322/x?channel=1', 'rtmp://cam/app/key', 'rtmps://cam/x', 'test://'])
    checkStreamUrl(url)
  for (const url of [
    ...[
      'file:///etc/passwd',
      '/etc/passwd',
      'http://169.254.169.254/',
      'concat:rtsp://a|b',
      'rtsp:',
      'rtsp://',
      'pipe:0',
      'rtsp//x',
      ''
    ],
    ...[
      "rtsp://cam/a'b",
      'rtsp://cam/a b',
      'rtsp://cam/a\nfile x',
      'rtsp://cam/a\\b',
      'rtsp://u:***@cam/',
      'rtmp://cam/app conn=S:x'
    ]
  ])
    assert.throws(
      () => checkStreamUrl(url),
      (error) => error instanceof Invalid && error.field === 'streamUrl',
      url
    )
})

const SECRETS: [string, string][] = [
  ['rtsp://cam/live', 'rtsp://cam/live'],
  ['rtsp://bob@cam/live', 'rtsp://bob@cam/live'],
  ['rtsp://bob:s3cret@cam:554/live?channel=1', 'rtsp://bob:***@cam:554/live?channel=1'],
  ['rtsp://bob:a@b:c@cam/live', 'rtsp://bob:***@cam/live'],
  ['rtsp://cam/live?user=bob&password=s3cret&channel=1', 'rtsp://cam/live?user=bob&password=***&channel=1'],
  ['rtsp://cam/user=bob_password=s3cret_channel=1', 'rtsp://cam/user=bob_password=***'],
  ['rtmp://cam/app?accessToken=abc', 'rtmp://cam/app?accessToken=***']
]

test('a password is never shown, wherever a camera wants it', () => {
  for (const [url, shown] of SECRETS) assert.equal(maskStreamUrl(url), shown)
})

test('what a program says of a stream loses its password, also decoded', () => {
  const url = 'rtsp://bob:s%40cret@cam/live?pwd=other'
  const words = `Impossible to open '${url}': s@cret and s%40cret and other are wrong`
  assert.equal(maskIn(words, url), "Impossible to open 'rtsp://bob:***@cam/live?pwd=***': *** and *** and *** are wrong")
})
