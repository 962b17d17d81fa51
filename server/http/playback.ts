/** Playing videos: content by byte ranges, playlists, exports, thumbnails; with a sign-in, a token or a signed link. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { CameraThumbnailQuery, ContentQuery, VideoThumbnailQuery, WindowQuery } from '#contracts/api/playback.ts'
import { Uuid } from '#contracts/api/shared.ts'
import {
  type Content,
  cameraThumbnail,
  exportWindow,
  outsideLink,
  videoContent,
  videoThumbnail,
  windowPlaylist
} from '#server/domain/camera/actions.ts'
import { parseRange } from '#server/platform/byte-range.ts'
import { Refused } from '#server/platform/errors.ts'
import type { Resource } from './app.ts'
import { mustBeInside } from './links.ts'

const tags = ['videos']
const params = Type.Object({ id: Uuid })
const MOST_STREAMS = 128
const OF_CONTENT = ['etag', 'accept-ranges', 'cache-control', 'content-length', 'content-range']

export const playback: Resource = (app, ctx) => {
  const streams = new Set<Readable>()
  app.addHook('preClose', async () => streams.forEach((stream) => void stream.destroy()))
  const send = (reply: FastifyReply, stream: Readable) => {
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
    return reply.send(stream)
  }
  const mustHaveRoom = () => {
    if (streams.size >= MOST_STREAMS) throw new Refused('too-many-requests', `${MOST_STREAMS} videos are being sent: try again`)
  }

  const content = {
    summary: 'The content of a video, by byte ranges; of one that is being recorded, what is whole',
    tags,
    params,
    querystring: ContentQuery,
    produces: ['video/mp4']
  }
  app.get('/videos/:id/content', { schema: content, config: { access: ['link:video', 'videos:read'] } }, async (req, reply) => {
    mustHaveRoom()
    const video = await videoContent(ctx, req.params.id)
    const range = answerHead(req, reply, video)
    if (range === 'not-modified') return reply.code(304).send()
    if (req.method === 'HEAD') return reply.send(Readable.from([])) // Fastify would read the whole file to throw it away
    if (video.bytes === 0) return reply.send('')
    const stream = await video.read(range).catch((error: unknown) => {
      for (const name of OF_CONTENT) reply.removeHeader(name) // an error is not the content
      throw error
    })
    return send(reply, stream)
  })

  const playlist = {
    summary: 'A window of a camera as an HLS playlist, also while it is being recorded',
    tags,
    params,
    querystring: WindowQuery,
    produces: ['application/vnd.apple.mpegurl']
  }
  app.get(
    '/cameras/:id/playlist.m3u8',
    { schema: playlist, config: { access: ['link:camera', 'videos:read'] } },
    async (req, reply) => {
      const text = await windowPlaylist(ctx, { cameraId: req.params.id, query: req.query, exp: req.link?.exp ?? null })
      return reply.type('application/vnd.apple.mpegurl').send(text)
    }
  )

  const file = {
    summary: 'A window of a camera as one MP4; gaps are left out',
    tags,
    params,
    querystring: WindowQuery,
    produces: ['video/mp4']
  }
  app.get('/cameras/:id/export.mp4', { schema: file, config: { access: ['link:camera', 'videos:read'] } }, async (req, reply) => {
    mustHaveRoom()
    if (req.method === 'HEAD') throw new Refused('method-not-allowed', 'an export is made while it is sent: use GET')
    const { fileName, content } = await exportWindow(ctx, { cameraId: req.params.id, query: req.query })
    reply.type('video/mp4').header('content-disposition', `attachment; filename="${fileName}"`)
    return send(reply, content)
  })

  const picture = { tags, params, produces: ['image/jpeg'] }
  const ofVideo = { summary: 'A picture of a video, near a time', querystring: VideoThumbnailQuery, ...picture }
  app.get(
    '/videos/:id/thumbnail.jpg',
    { schema: ofVideo, config: { access: ['link:video', 'videos:read'] } },
    async (req, reply) => {
      const { at } = req.query
      mustBeInside(req, at)
      return sendPicture(reply, await videoThumbnail(ctx, { id: req.params.id, at: at ?? null }))
    }
  )

  const ofCamera = { summary: 'What a camera showed near a time', querystring: CameraThumbnailQuery, ...picture }
  app.get(
    '/cameras/:id/thumbnail.jpg',
    { schema: ofCamera, config: { access: ['link:camera', 'videos:read'] } },
    async (req, reply) => {
      mustBeInside(req, req.query.at)
      return sendPicture(reply, await cameraThumbnail(ctx, { cameraId: req.params.id, at: req.query.at }))
    }
  )
}

/** The picture nearest to a time may change while the video grows, so it is kept for a minute only. */
const sendPicture = (reply: FastifyReply, picture: Buffer) =>
  reply.type('image/jpeg').header('cache-control', 'private, max-age=60').send(picture)

type Range = { start: number; end: number }

/**
 * Status and headers of content, and the bytes to send. What is whole never changes, but there is more of it later: so the tag goes by the
 * length. Throws Refused `range-not-satisfiable`, and `outside-link` where a link to a window asks for more.
 */
function answerHead(req: FastifyRequest, reply: FastifyReply, video: Content): Range | 'not-modified' {
  const { range: wanted, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = req.headers
  const etag = `"${(req.params as { id: string }).id}-${video.bytes}"`
  reply.headers({ etag, 'accept-ranges': 'bytes' })
  reply.header('cache-control', video.isOpen ? 'private, no-cache' : 'private, max-age=600')
  const isSame = ifRange === undefined || ifRange === etag
  const range = isSame ? parseRange(wanted, video.bytes) : null
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${video.bytes}`)
    throw new Refused('range-not-satisfiable', `there are ${video.bytes} bytes`)
  }
  const part = range ?? { start: 0, end: video.bytes - 1 }
  if (req.link?.window && !video.isInside(part, req.link.window)) throw outsideLink()
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) return 'not-modified'
  reply.type('video/mp4').header('content-length', String(part.end - part.start + 1))
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${video.bytes}`)
  return part
}

const matches = (header: string, etag: string) =>
  header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
