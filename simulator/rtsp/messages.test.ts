/** RTSP messages: requests come out whole however they were cut up on the way, and nonsense is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerText, requestReader } from './messages.ts'

const OPTIONS = 'OPTIONS rtsp://box/entry RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: x: y\r\n\r\n'
const PARAMETER = 'SET_PARAMETER rtsp://box/entry RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\na: b'
const RECEIVER_REPORT = Buffer.concat([Buffer.of(0x24, 1, 0, 8), Buffer.from('\r\n\r\nXXXX')])
const TEARDOWN = 'TEARDOWN rtsp://box/entry RTSP/1.0\r\nCSeq: 3\r\n\r\n'

test('requests between interleaved packets are read, in pieces of any length', () => {
  const bytes = Buffer.concat([Buffer.from(OPTIONS + PARAMETER), RECEIVER_REPORT, Buffer.from(TEARDOWN)])
  for (const size of [1, 2, 7, 64, bytes.length]) {
    const read = requestReader()
    const requests = []
    for (let at = 0; at < bytes.length; at += size) requests.push(...read(bytes.subarray(at, at + size)))
    assert.deepEqual(
      requests.map(({ method, headers }) => [method, headers.get('cseq')]),
      [
        ['OPTIONS', '1'],
        ['SET_PARAMETER', '2'],
        ['TEARDOWN', '3']
      ]
    )
    assert.equal(requests[0]!.headers.get('user-agent'), 'x: y')
  }
})

test('what is no RTSP, or too long, is refused', () => {
  assert.throws(() => requestReader()(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /not an RTSP request/)
  assert.throws(() => requestReader()(Buffer.alloc(70_000, 65)), /too long/)
  assert.throws(() => requestReader()(Buffer.from(OPTIONS.replace('CSeq', 'Content-Length: 9999999\r\nCSeq'))), /too long/)
})

test('an answer names its request and the length of its body in bytes', () => {
  assert.equal(answerText('7', { status: 200, body: 'é' }), 'RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 2\r\n\r\né')
  assert.equal(answerText(undefined, { status: 400 }), 'RTSP/1.0 400 Bad Request\r\n\r\n')
})
