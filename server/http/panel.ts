/** The web app at /admin/: files that `web/build.sh` made, read from the disk as they are asked for, already compressed. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { NotFound } from '#server/platform/errors.ts'
import type { Resource } from './app.ts'
import { TYPES } from './assets.ts'

const BUILT = join(import.meta.dirname, '..', '..', 'web', 'dist')
const UNBUILT = join(import.meta.dirname, 'pages', 'unbuilt.html')
const FILE = /^(?:[\w-]+\/)*[\w-][\w.-]*\.\w+$/
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz']
] as const

/** Names with a hash never change their content; everything else is asked for each time. */
export const panel: Resource = (app) => {
  const route = { config: { access: 'public' as const }, schema: { hide: true } }
  const serve = async (req: FastifyRequest, reply: FastifyReply) => {
    const path = (req.params as { '*'?: string })['*'] ?? ''
    const isFile = FILE.test(path)
    const found = await fileFor(req, isFile ? path : 'index.html')
    if (found) return send(req, reply, { ...found, isHashed: path.startsWith('assets/') })
    if (isFile) throw new NotFound('file', path)
    return reply.code(503).type(TYPES['.html']!).send(createReadStream(UNBUILT))
  }
  app.get('/admin', route, serve)
  app.get('/admin/*', route, serve)
}

type Found = { path: string; encoding: string | null; type: string; bytes: number; etag: string }

/** The file in the smallest form that the browser takes; null when there is none. */
async function fileFor(req: FastifyRequest, name: string): Promise<Found | null> {
  const accepted = String(req.headers['accept-encoding'] ?? '')
  const forms = ENCODINGS.filter(([encoding]) => new RegExp(`\\b${encoding}\\b(?!;q=0(?:\\.0*)?(?:,|$))`).test(accepted))
  for (const [encoding, suffix] of [...forms, [null, ''] as const]) {
    const path = join(BUILT, name + suffix)
    const facts = await stat(path).catch(() => null)
    if (!facts?.isFile()) continue
    const etag = `"${facts.size.toString(36)}-${Math.trunc(facts.mtimeMs).toString(36)}"`
    return { path, encoding, type: TYPES[extname(name)] ?? 'application/octet-stream', bytes: facts.size, etag }
  }
  return null
}

function send(req: FastifyRequest, reply: FastifyReply, file: Found & { isHashed: boolean }) {
  reply.headers({ etag: file.etag, vary: 'accept-encoding' })
  reply.header('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (req.headers['if-none-match'] === file.etag) return reply.code(304).send()
  if (file.encoding) reply.header('content-encoding', file.encoding)
  reply.type(file.type).header('content-length', String(file.bytes))
  return reply.send(req.method === 'HEAD' ? '' : createReadStream(file.path))
}
