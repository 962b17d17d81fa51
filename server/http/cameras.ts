/** Cameras: onboarding, change, retirement. */
import { Type } from 'typebox'
import {
  Camera,
  CameraChange,
  CameraInput,
  CameraQuery,
  CameraView,
  StreamTest,
  StreamTestInput
} from '#contracts/api/cameras.ts'
import { Page, Uuid } from '#contracts/api/shared.ts'
import {
  addCamera,
  cameraSnapshot,
  cameraViews,
  changeCamera,
  listCameras,
  readCamera,
  retireCamera,
  testStream
} from '#server/domain/camera/actions.ts'
import type { Resource } from './app.ts'

const tags = ['cameras']
const params = Type.Object({ id: Uuid })

export const cameras: Resource = (app, ctx) => {
  const list = { summary: 'Cameras', tags, querystring: CameraQuery, response: { 200: Page(Camera) } }
  app.get('/cameras', { schema: list, config: { access: 'cameras:read' } }, async (req) => listCameras(ctx, req.query))

  const add = { summary: 'Onboard a camera; it is recorded from now on', tags, body: CameraInput, response: { 201: Camera } }
  app.post('/cameras', { schema: add, config: { access: 'cameras:write', idempotent: true } }, async (req, reply) =>
    reply.code(201).send(await addCamera(ctx, req.actor, req.body))
  )

  const look = { summary: 'Test a stream before it is saved', tags, body: StreamTestInput, response: { 200: StreamTest } }
  app.post('/cameras/test', { schema: look, config: { access: 'cameras:write' } }, async (req) => testStream(ctx, req.body))

  const snapshot = { summary: 'What a camera sees now, as JPEG', tags, params, produces: ['image/jpeg'] }
  app.get('/cameras/:id/snapshot', { schema: snapshot, config: { access: 'cameras:read' } }, async (req, reply) => {
    const picture = await cameraSnapshot(ctx, req.params.id)
    return reply.header('content-type', 'image/jpeg').header('cache-control', 'no-store').send(picture)
  })

  const views = { summary: 'Cameras by name, for who watches their videos', tags, response: { 200: Page(CameraView) } }
  app.get('/camera-views', { schema: views, config: { access: 'videos:read' } }, async () => ({
    items: await cameraViews(ctx),
    nextCursor: null
  }))

  const one = { summary: 'One camera', tags, params, response: { 200: Camera } }
  app.get('/cameras/:id', { schema: one, config: { access: 'cameras:read' } }, async (req) => readCamera(ctx, req.params.id))

  const change = { summary: 'Change a camera', tags, params, body: CameraChange, response: { 200: Camera } }
  app.patch('/cameras/:id', { schema: change, config: { access: 'cameras:write' } }, async (req) =>
    changeCamera(ctx, req.actor, { id: req.params.id, change: req.body })
  )

  const retire = { summary: 'Retire a camera: its recording ends, its videos stay', tags, params, response: { 204: Type.Null() } }
  app.delete('/cameras/:id', { schema: retire, config: { access: 'cameras:write' } }, async (req, reply) => {
    await retireCamera(ctx, req.actor, req.params.id)
    return reply.code(204).send(null)
  })
}
