/** Visits from a file, a JSON line each, in the form in which `GET /api/v1/visits` tells of them; what it does not say is nobody's. */
import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { newId } from '#server/platform/ids.ts'
import type { Visit } from './moments.ts'
import { BadFlag } from './options.ts'

const Line = Type.Object({
  role: Type.Optional(Type.Union([Type.Literal('customer'), Type.Literal('operations'), Type.Literal('admin')])),
  enteredAt: Type.String(),
  exitedAt: Type.Optional(Type.Union([Type.String(), Type.Null()]))
})

/** Reads the file. Throws BadFlag naming the line. */
export function readVisits(path: string): Visit[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((text, n) => (text.trim() === '' ? [] : [visitOf(text, `${path}:${n + 1}`)]))
}

function visitOf(text: string, where: string): Visit {
  const wrong = (why: string) => new BadFlag('--visits', `${where} ${why}`)
  const row = parsed(text)
  if (!Check(Line, row)) throw wrong('is no visit: {"enteredAt":"…","exitedAt":"…","role":"customer"}')
  const [enteredAt, exitedAt] = [new Date(row.enteredAt), row.exitedAt ? new Date(row.exitedAt) : null]
  if (Number.isNaN(enteredAt.getTime())) throw wrong(`enteredAt: "${row.enteredAt}" is no time`)
  if (exitedAt && Number.isNaN(exitedAt.getTime())) throw wrong(`exitedAt: "${row.exitedAt}" is no time`)
  if (exitedAt && exitedAt < enteredAt) throw wrong('exitedAt: lies before enteredAt')
  return { id: newId(), role: row.role ?? 'customer', enteredAt, exitedAt, entryScannerId: null, exitScannerId: null }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
