/** Files of the box's own pages: read once, sent from memory, public. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { App } from '#server/platform/web-app.ts'

/** Content types of the pages' files, by extension. */
export const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2'
}

/** Serves `file` at `url`; `fill` replaces each {{name}} of it, escaped for HTML. */
export function serveFile(app: App, url: string, file: string, fill?: Record<string, string>): void {
  const body = fill
    ? readFileSync(file, 'utf8').replace(/\{\{(\w+)\}\}/g, (_all, name: string) => escapeHtml(fill[name] ?? ''))
    : readFileSync(file)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  app.get(url, { config: { access: 'public' }, schema: { hide: true } }, async (req, reply) => {
    reply.headers({ etag, 'cache-control': 'no-cache' })
    if (req.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.type(TYPES[extname(file)] ?? 'application/octet-stream').send(body)
  })
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!)
