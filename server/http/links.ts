/** Signed links as a credential: good for one camera's window or one video, for some minutes. What they are is the camera room's. */
import type { FastifyRequest } from 'fastify'
import type { Context } from '#server/context.ts'
import { checkSignature, type Window } from '#server/domain/camera/actions.ts'
import { Refused } from '#server/platform/errors.ts'

export type LinkKind = 'camera' | 'video'
/** The link that a request came with. */
export type Link = { window: Window | null; exp: number }

declare module 'fastify' {
  interface FastifyRequest {
    /** The signed link that let it in; null when another credential did. */
    link: Link | null
  }
}

/** Has the request come by a link? Then another credential is only asked for when the link is none. */
export const hasLink = (req: FastifyRequest): boolean =>
  req.headers.authorization === undefined && typeof queryOf(req).sig === 'string'

/** Lets the request in by its link, or says why not. */
export function byLink(ctx: Context, req: FastifyRequest, kind: LinkKind): Refused | null {
  const { from, to, exp, sig } = queryOf(req)
  const window = from === undefined && to === undefined ? null : { fromMs: Date.parse(from!), toMs: Date.parse(to!) }
  const subject = { kind, id: String((req.params as { id?: string }).id), window }
  const verdict = checkSignature(ctx, subject, { exp: Number(exp), sig: sig! })
  if (verdict === 'expired') return new Refused('link-expired', 'this link has ended: take a new one from where it came from')
  if (verdict === 'wrong') return new Refused('link-wrong', 'this link is not one of this box: use it as it was given, whole')
  req.link = { window, exp: Number(exp) }
  return null
}

/** A link shows nothing beyond its window. Throws Refused `outside-link`. */
export function mustBeInside({ link }: FastifyRequest, at: string | undefined): void {
  if (!link?.window) return
  const ms = Date.parse(at ?? '')
  if (!(ms >= link.window.fromMs && ms <= link.window.toMs))
    throw new Refused('outside-link', 'this link shows only its own window: at must lie in it')
}

const queryOf = (req: FastifyRequest) => (req.query ?? {}) as Record<string, string | undefined>
