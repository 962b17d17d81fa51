/** Videos: the clips of the cameras, those still being recorded among them. */
import { Type } from 'typebox'
import { Page, Uuid } from '#contracts/api/shared.ts'
import { Video, VideoQuery } from '#contracts/api/videos.ts'
import { findVideo, listVideos } from '#server/domain/camera/actions.ts'
import type { Resource } from './app.ts'

const tags = ['videos']
const params = Type.Object({ id: Uuid })

export const videos: Resource = (app, ctx) => {
  const list = { summary: 'Videos, newest first', tags, querystring: VideoQuery, response: { 200: Page(Video) } }
  app.get('/videos', { schema: list, config: { access: 'videos:read' } }, async (req) => listVideos(ctx, req.query))

  const one = { summary: 'One video', tags, params, response: { 200: Video } }
  app.get('/videos/:id', { schema: one, config: { access: 'videos:read' } }, async (req) => findVideo(ctx, req.params.id))
}
