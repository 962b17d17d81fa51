/** Errors as words: what the domain may throw. The http room alone turns them into status codes, ingest alone into drop or retry. */

/** The rules say no: `code` is stable and machine-readable, `message` tells a person the way out, `details` goes into the answer. */
export class Refused extends Error {
  readonly code: string
  readonly details: Record<string, unknown>
  constructor(code: string, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'Refused'
    this.code = code
    this.details = details
  }
}

/** Something in it is outside what the database can hold: nothing of it was taken, and sent again it would be no better. */
export class Unfit extends Refused {
  constructor(cause: unknown) {
    super('unfit', 'something in it is outside what the database can hold')
    this.name = 'Unfit'
    this.cause = cause
  }
}

/** There is no such thing: `what` is the glossary's word for it. */
export class NotFound extends Error {
  readonly what: string
  constructor(what: string, id: string) {
    super(`there is no ${what} ${id}`)
    this.name = 'NotFound'
    this.what = what
  }
}

/** One field of the input is wrong; nothing was changed. `field` is a path such as `scales/3/currentWeight`. */
export class Invalid extends Error {
  readonly field: string
  constructor(field: string, message: string) {
    super(`${field}: ${message}`)
    this.name = 'Invalid'
    this.field = field
  }
}

/** The database (or what stands behind it) cannot answer now; the same request may be sent again. */
export class Unavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'Unavailable'
  }
}

/** The disk is full: nothing was stored; the same request may be sent again once there is space. */
export class NoSpace extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NoSpace'
  }
}
