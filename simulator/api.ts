/** The store's HTTP API as its staff use it: signed in with an API token or a password. */

export type Credentials = { apiToken: string } | { username: string; password: string }
/** `status` and the parsed body; `code` is the problem's stable code where there is one. */
export type ApiAnswer<T> = { status: number; body: T; code: string | null }

export class ApiError extends Error {}

export class StaffApi {
  readonly baseUrl: string
  #headers: Record<string, string> = { 'content-type': 'application/json' }

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl
  }

  /** Throws ApiError when the store does not know these credentials. */
  async signIn(credentials: Credentials): Promise<void> {
    if ('apiToken' in credentials) {
      this.#headers.authorization = `Bearer ${credentials.apiToken}`
      return
    }
    this.#headers.origin = new URL(this.baseUrl).origin
    const response = await this.#fetch('POST', '/auth/login', credentials)
    if (!response.ok) throw new ApiError(`the store refuses to sign ${credentials.username} in: ${response.status}`)
    this.#headers.cookie = response.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ')
  }

  /** Any answer, for whoever knows what to do with a refusal. */
  async send<T>(method: string, path: string, body?: object): Promise<ApiAnswer<T>> {
    const response = await this.#fetch(method, path, body)
    const text = await response.text()
    const parsed = text ? JSON.parse(text) : null
    return { status: response.status, body: parsed as T, code: response.ok ? null : String(parsed?.code ?? '') }
  }

  /** The body of a success. Throws ApiError with what the store said otherwise. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.send<T>(method, path, body)
    if (answer.status >= 300) throw new ApiError(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** Every item of a list. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = []
    const join = path.includes('?') ? '&' : '?'
    for (let cursor: string | null = ''; cursor !== null; ) {
      const next: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
      const page: { items: T[]; nextCursor: string | null } = await this.call('GET', `${path}${join}limit=200${next}`)
      items.push(...page.items)
      cursor = page.nextCursor
    }
    return items
  }

  #fetch(method: string, path: string, body?: object): Promise<Response> {
    const { 'content-type': _, ...plain } = this.#headers
    const signal = AbortSignal.timeout(15_000)
    return fetch(`${this.baseUrl.replace(/\/$/, '')}/api/v1${path}`, {
      method,
      headers: body ? this.#headers : plain,
      signal,
      ...(body && { body: JSON.stringify(body) })
    })
  }
}
