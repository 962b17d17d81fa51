/** The store that copies of videos lie in, as the settings name it. Its client is loaded when it is first needed. */
import type { Context } from '#server/context.ts'
import type { ObjectStore, StoreLimits } from '#server/platform/s3/store.ts'

export type UploadStore = {
  store: ObjectStore
  /** Endpoint and bucket. */
  place: string
}
const opened = new WeakMap<Context, Promise<UploadStore>>()

/** Null where none is set. `limits` are for tests, and count for who asks first. */
export async function uploadStore(ctx: Context, limits: StoreLimits = {}): Promise<UploadStore | null> {
  const { s3 } = ctx.config
  if (!s3) return null
  const store = opened.get(ctx) ?? open(s3, limits)
  opened.set(ctx, store)
  return store
}

async function open(settings: NonNullable<Context['config']['s3']>, limits: StoreLimits): Promise<UploadStore> {
  const { ObjectStore } = await import('#server/platform/s3/store.ts')
  return { store: new ObjectStore(settings, limits), place: `${settings.endpoint}/${settings.bucket}` }
}
