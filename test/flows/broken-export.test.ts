/** An export whose ffmpeg is killed half-way breaks off, so that nobody takes a part for the whole, and holds no place afterwards. */
import assert from 'node:assert/strict'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readMp4 } from '#server/platform/mp4.ts'
import { openFolder } from '#test/support/box.ts'
import { FFMPEG, withoutFfmpeg as skip } from '#test/support/ffmpeg.ts'
import { filmedCamera } from '#test/support/filming.ts'
import { openStore } from '#test/support/visiting.ts'

const SECONDS = 60

test('an export whose ffmpeg is killed half-way is cut off without an end; the next one is whole', { skip }, async () => {
  using folder = openFolder()
  const [program, isDeadly] = [join(folder.path, 'ffmpeg'), join(folder.path, 'is-deadly')]
  const killed = `if [ -e ${isDeadly} ]; then ${FFMPEG} "$@" | head -c 9000; kill -9 $$; fi`
  const script = `case "$*" in *'-f concat'*) ${killed};; esac\nexec ${FFMPEG} "$@"\n`
  writeFileSync(program, `#!/bin/sh\n${script}`)
  chmodSync(program, 0o755)
  await using store = await openStore({ machines: 1, env: { FFMPEG_PATH: program } })
  const camera = await filmedCamera(store.ctx)
  const from = store.clock.now()
  await camera.record(from, SECONDS)
  const { token } = await store.staff('admin')
  const base = await store.app.listen({ host: '127.0.0.1', port: 0 })
  const window = `from=${from.toISOString()}&to=${new Date(from.getTime() + SECONDS * 1000).toISOString()}`
  const download = () =>
    fetch(`${base}/api/v1/cameras/${camera.id}/export.mp4?${window}`, { headers: { authorization: `Bearer ${token}` } })
  writeFileSync(isDeadly, '')
  for (let n = 0; n < 3; n++) {
    const answer = await download()
    assert.equal(answer.status, 200)
    await assert.rejects(answer.arrayBuffer(), 'a part is not told as a whole')
  }
  rmSync(isDeadly)
  const whole = Buffer.from(await (await download()).arrayBuffer())
  const { fragments } = await readMp4(async (offset, length) => whole.subarray(offset, offset + length))
  assert.equal(fragments.reduce((sum, { frames }) => sum + frames, 0), SECONDS * 5) // biome-ignore format: one thought
})
