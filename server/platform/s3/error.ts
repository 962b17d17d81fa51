/** What went wrong between the box and an S3 store, in words for its operator. They hold no secret: nothing but the code of an answer is repeated. */

export class StoreError extends Error {
  /** The store's own (`NoSuchUpload`), Node's (`ECONNREFUSED`), or `HTTP-500`. */
  readonly code: string
  /** Null when there was no answer. */
  readonly status: number | null
  constructor(code: string, status: number | null) {
    super(wordsFor(code, status))
    this.name = 'StoreError'
    this.code = code
    this.status = status
  }

  /** The store said no, or its certificate is none, and that will stay so: the settings, or what the key may do, must change. */
  get isRefusal(): boolean {
    if (CERTIFICATE.test(this.code)) return true
    return this.status !== null && this.status >= 300 && this.status < 500 && ![408, 409, 425, 429].includes(this.status)
  }
}

/** What Node and OpenSSL call a certificate that does not pass. */
const CERTIFICATE = /^(DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT_|CERT_|SELF_SIGNED_CERT_|HOSTNAME_MISMATCH$)/
const KEY = 'the store does not know the key in S3_ACCESS_KEY_FILE'
const CERTIFICATE_WORDS =
  'the certificate at S3_ENDPOINT does not pass: one of your own is named in NODE_EXTRA_CA_CERTS, before the start'
const WORDS: Record<string, string> = {
  InvalidAccessKeyId: KEY,
  SignatureDoesNotMatch: `${KEY}, or its secret is another`,
  AccessDenied: 'the key in S3_ACCESS_KEY_FILE may not do this in S3_BUCKET',
  'HTTP-403': 'the key in S3_ACCESS_KEY_FILE may not do this in S3_BUCKET',
  NoSuchBucket: 'there is no such S3_BUCKET at S3_ENDPOINT',
  RequestTimeTooSkewed: 'the clock of the box is wrong',
  AuthorizationHeaderMalformed: 'the store expects another S3_REGION',
  PermanentRedirect: 'the bucket lies at another S3_ENDPOINT or in another S3_REGION',
  'silent-store': 'the store fell silent'
}

function wordsFor(code: string, status: number | null): string {
  const words = CERTIFICATE.test(code)
    ? CERTIFICATE_WORDS
    : (WORDS[code] ?? (status === null ? 'the store cannot be reached' : `the store answered ${status}`))
  return `${words} (${code})`
}

/** Whatever a request ended with, as a StoreError; an abort stays what it is. */
export function asStoreError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof StoreError) return signal.aborted ? signal.reason : error
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error : new StoreError(code, null)
}
