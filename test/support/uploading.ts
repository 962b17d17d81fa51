/** A store that uploads in tests: an S3 store on loopback, a camera, and shoppers whose tickets its clips belong to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startUploader, type Waits } from '#server/upload/index.ts'
import { bulkyCamera } from './bulky-clips.ts'
import { until } from './devices.ts'
import { ACCESS_KEY, BUCKET, openS3, REGION } from './s3-server.ts'
import { openStore, visitor } from './visiting.ts'

export const PART_BYTES = 5 * 1024 * 1024
const SECOND = 1000
/** So that a test need not wait. */
const QUICK: Partial<Waits> = { firstMs: 20, longestMs: 40, idleMs: 20 }

/** A file with the key of the store on loopback; `settings` name it and the store. */
export function uploadSettings(url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'niflr-s3-'))
  const file = join(folder, 's3.key')
  const write = ({ accessKeyId, secretAccessKey } = ACCESS_KEY) => writeFileSync(file, `${accessKeyId}\n${secretAccessKey}\n`)
  write()
  const settings = { S3_ENDPOINT: url, S3_BUCKET: BUCKET, S3_REGION: REGION, S3_ACCESS_KEY_FILE: file }
  return { settings, file, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

export async function openUploadingStore(env: Record<string, string> = {}) {
  await using stack = new AsyncDisposableStack()
  let now = () => new Date()
  const s3 = stack.use(await openS3({ now: () => now() }))
  const key = stack.use(uploadSettings(s3.url))
  const settings = { CLIP_FREE_SPACE_GB: '0', AUTO_REVIEW: 'off', S3_MBIT_PER_SECOND: '10000', ...key.settings, ...env }
  const store = stack.use(await openStore({ machines: 1, env: settings }))
  now = () => store.clock.now()
  const camera = await bulkyCamera(store.ctx, { machineIds: ['m1'] })
  const shopper = await visitor(store)
  /** A clip of the shopper's visit, five seconds long. */
  const record = async (bytes = 100_000) => {
    const clip = await camera.record(store.clock.now(), { bytes })
    store.clock.forward(5 * SECOND)
    return clip
  }
  const uploaded = async () => {
    const query = store.ctx.db.selectFrom('video').select('id').where('uploadedAt', 'is not', null)
    return (await query.orderBy('startedAt').execute()).map(({ id }) => id)
  }
  const alarms = async () => {
    const rows = await store.ctx.db.selectFrom('alarm').select(['kind', 'message']).where('endedAt', 'is', null).execute()
    return rows
  }
  /** Starts to upload; `stop` at disposal. */
  const upload = (waits: Partial<Waits> = {}) => {
    const uploader = startUploader(store.ctx, { ...QUICK, ...waits })
    return { ...uploader, [Symbol.asyncDispose]: () => uploader.stop() }
  }
  const untilUploaded = (...videoIds: string[]) =>
    until(async () => {
      const there = await uploaded()
      return videoIds.every((id) => there.includes(id)) ? there : null
    }, 'the videos are uploaded')
  const resources = stack.move()
  return {
    ...{ ...store, s3, key, camera, record, shopper, uploaded, untilUploaded, alarms, upload },
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}
