/** Speaks to the box: JSON out and in, problems as errors with the field that is wrong, lists page by page. */
import type { Problem } from '#contracts/api/shared.ts'

/** What the server refused, in its own words. `status` 0: it could not be reached. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | null
  readonly more: Record<string, unknown>
  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`)
    this.name = 'ApiProblem'
    this.status = status
    this.code = problem.code ?? 'unknown'
    this.field = problem.field ?? FIELD_OF[this.code] ?? null
    this.more = problem as Record<string, unknown>
  }
}

/** Conflicts that are about one field. */
const FIELD_OF: Record<string, string> = {
  'sku-taken': 'sku',
  'machine-known': 'machineId',
  'username-taken': 'username',
  'kid-taken': 'kid',
  'wrong-password': 'password'
}

const onSignedOut = new Set<() => void>()
/** Called whenever an answer says that nobody is signed in any more. */
export const whenSignedOut = (listener: () => void) => {
  onSignedOut.add(listener)
  return () => void onSignedOut.delete(listener)
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Options = { body?: unknown; key?: string; signal?: AbortSignal }

/** One request below /api/v1 (or at a path from /). Throws ApiProblem. `key` makes a repeated POST count once. */
export async function send<T>(method: Method, path: string, { body, key, signal }: Options = {}): Promise<T> {
  const headers: Record<string, string> = {}
  if (body !== undefined)
    headers['content-type'] = body instanceof Blob ? body.type : typeof body === 'string' ? 'text/csv' : 'application/json'
  if (key) headers['idempotency-key'] = key
  const payload =
    body === undefined ? {} : { body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body) }
  const url = path.startsWith('/api') || path === '/readyz' ? path : `/api/v1${path}`
  const answer = await fetch(url, { method, headers, ...payload, ...(signal && { signal }) }).catch((error: Error) => {
    if (error.name === 'AbortError') throw error
    throw new ApiProblem(0, { code: 'unreachable', detail: 'The box does not answer. Check the network, then try again.' })
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') && text !== ''
  if (answer.ok) return (isJson ? JSON.parse(text) : text) as T
  const problem = new ApiProblem(answer.status, isJson ? JSON.parse(text) : {})
  if (problem.code === 'unauthorized') for (const listener of onSignedOut) listener()
  throw problem
}

export type Query = Record<string, string | number | boolean | null | undefined>
/** The path with its query; what is null, undefined or empty is left out. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

export const get = <T>(path: string, query: Query = {}, signal?: AbortSignal) =>
  send<T>('GET', withQuery(path, query), signal ? { signal } : {})

export type Page<T> = { items: T[]; nextCursor: string | null }

/** All pages of a list, up to `most` items. */
export async function getAll<T>(path: string, query: Query = {}, most = 5000): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await get<Page<T>>(path, { limit: 200, ...query, cursor })
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor && items.length < most)
  return items
}

/** Has the box decided against it? Otherwise (no answer, or it was in trouble) it may have been done. */
export const isDecided = (error: unknown): boolean => error instanceof ApiProblem && error.status >= 400 && error.status < 500

/** What went wrong, as a sentence for people. */
export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))
