/** Hostile messages, made from what is right: values of a schema, and what an enemy or a broken device would send in their place. */
import fc from 'fast-check'
import { HEARTBEAT_HEADERS } from '#contracts/device/heartbeat.ts'

/** The JSON Schema that the contracts use. */
export type Schema = {
  [keyword: string]: unknown
  type?: string | string[]
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  examples?: unknown[]
  default?: unknown
}

const UUID = '018f0000-0000-7000-8000-000000000000'
const TEXTS: Record<string, fc.Arbitrary<string>> = {
  uuid: fc.oneof(fc.uuid(), fc.constant(UUID)),
  'date-time': fc
    .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  email: fc.constant('a@example.com'),
  uri: fc.constant('http://192.0.2.1/x')
}

/** A value that the schema takes; for patterns and the like an honest attempt. */
export function rightValueOf(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map(rightValueOf))
  if (schema.examples) return fc.constantFrom(...schema.examples)
  const type = [schema.type ?? (schema.properties ? 'object' : 'any')].flat()[0]
  const number = (name: string, fallback: number) => (typeof schema[name] === 'number' ? (schema[name] as number) : fallback)
  if (type === 'object') return objectOf(schema)
  if (type === 'array')
    return fc.uniqueArray(rightValueOf(schema.items ?? {}), {
      minLength: number('minItems', 0),
      maxLength: number('minItems', 0) + 2,
      selector: (item) => JSON.stringify(item)
    })
  if (type === 'integer') return fc.integer({ min: number('minimum', -5), max: Math.min(number('maximum', 1000), 2 ** 31 - 1) })
  if (type === 'number') return fc.double({ min: number('minimum', -1000), max: number('maximum', 1000), noNaN: true })
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'string') return textOf(schema)
  return fc.constantFrom<unknown>('x', 1, null, '1.5')
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  const format = TEXTS[String(schema.format)]
  if (format) return format
  if (typeof schema.pattern === 'string') return fc.constantFrom('m-target', '001', '1.5', 'EdDSA', 'a1', 'name')
  const min = Math.max(1, Number(schema.minLength ?? 1))
  return fc.string({ minLength: min, maxLength: min + 12 })
}

/** Names under which something is there, so that a message gets as deep as it can. */
const KNOWN: Record<string, fc.Arbitrary<unknown>> = {
  machineId: fc.constant('m-target'),
  scaleId: fc.constantFrom('001', '002'),
  headers: fc.constant(HEARTBEAT_HEADERS),
  payload: fc.constant(JSON.stringify({ machineId: 'm-target', scales: [['001', '0.805', '0.805', '1.805']] }))
}

function objectOf({ properties = {}, patternProperties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [name, KNOWN[name] ?? rightValueOf(member)])
  )
  const [free] = Object.values(patternProperties)
  const whole = fc.record(members, { requiredKeys: required })
  return free
    ? fc
        .tuple(whole, fc.dictionary(fc.constantFrom('001', '002', 'x'), rightValueOf(free)))
        .map(([own, more]) => ({ ...own, ...more }))
    : whole
}

const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}${close.repeat(depth)}`
/** Text that has broken something somewhere before. */
export const HOSTILE_TEXTS = [
  ...['', ' ', '\0', 'a\0b', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '😀'.repeat(50), 'ﷺ'.repeat(200), 'İ', 'ß'.repeat(64)],
  ...["'", '"', '\\', '`', "'; DROP TABLE machine; --", "1' OR '1'='1", '%', '%%n%s', '_', '{{7*7}}', '$1', '::text', 'NULL'],
  ...[
    '<script>alert(1)</script>',
    'javascript:alert(1)',
    '../../etc/passwd',
    '..\\..\\x',
    '/dev/null',
    'file:///etc/passwd',
    'C:\\x'
  ],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'then'],
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    '1e999',
    '-0',
    '0x10',
    '1e-400',
    '9'.repeat(400),
    '1_000',
    '１２',
    '1,5',
    '+1',
    '.',
    '-',
    'e',
    '1e',
    '١'
  ],
  ...['true', 'null', 'undefined', '[object Object]', UUID, UUID.toUpperCase(), `{${UUID}}`, `urn:uuid:${UUID}`, `${UUID}0`],
  ...[
    '0000-01-01T00:00:00Z',
    '+275760-09-13T00:00:00.000Z',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:60Z',
    '294277-01-01T00:00:00Z',
    '2026-01-01'
  ],
  ...[
    'x'.repeat(65),
    'x'.repeat(300),
    'x'.repeat(20_000),
    'a\r\nSet-Cookie: x=1',
    '\u001b[31m',
    '\x7f',
    nested(500, '[', ']'),
    nested(300, '{"a":', '1}')
  ]
]

const HOSTILE_VALUES: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...HOSTILE_TEXTS) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[0, -0, -1, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 63, -(2 ** 63), 1e308, -1e308, 5e-324, Number.MAX_SAFE_INTEGER],
      ...[null, true, false, [], {}, [[]], [null], [{}], { '': '' }, { a: { b: { c: { d: { e: { f: { g: { h: 1 } } } } } } } }]
    )
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      Array(5000).fill(0),
      Array(5000).fill(['001', '1', '1', '1']),
      { toJSON: 1, length: 1e9 },
      [[[[[[[[[[1]]]]]]]]]]
    )
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown> }
)
const HOSTILE_NAMES = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '',
  '\0',
  'x'.repeat(1000),
  'machineId',
  'version',
  'id',
  'role'
)

type Where = { at: number; value: unknown; name: string; how: 'replace' | 'remove' | 'add' | 'wrap' | 'repeat' | 'leave' }
const WHERE: fc.Arbitrary<Where> = fc.record({
  at: fc.nat(1000),
  value: HOSTILE_VALUES,
  name: HOSTILE_NAMES,
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'wrap', 'repeat', 'leave', 'leave', 'leave', 'leave')
})

/** A value of the schema with one to three things wrong in it, now and then none. */
export const hostileValueOf = (schema: Schema): fc.Arbitrary<unknown> =>
  fc
    .tuple(rightValueOf(schema), fc.array(WHERE, { minLength: 1, maxLength: 3 }))
    .map(([value, wrongs]) => wrongs.reduce(spoil, value))

/** Every place in `value`, the whole included. */
function placesOf(value: unknown): { parent: object | null; key: string }[] {
  const places: { parent: object | null; key: string }[] = [{ parent: null, key: '' }]
  const walk = (parent: unknown) => {
    if (typeof parent !== 'object' || parent === null || places.length > 500) return
    for (const [key, member] of Object.entries(parent)) {
      places.push({ parent, key })
      walk(member)
    }
  }
  walk(value)
  return places
}

/** Characters of JSON: what was repeated may be chosen again, and three times of a long text is more than a string can hold. */
const MOST_REPEATED = 100_000

function spoil(whole: unknown, { at, value, name, how }: Where): unknown {
  const copy: unknown = structuredClone(whole)
  const places = placesOf(copy)
  const { parent, key } = places[at % places.length]!
  const before = parent === null ? copy : (parent as Record<string, unknown>)[key]
  if (how === 'leave') return copy
  if (how === 'remove' && parent !== null) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else delete (parent as Record<string, unknown>)[key]
    return copy
  }
  const after =
    how === 'wrap'
      ? [before]
      : how === 'repeat' && (JSON.stringify(before)?.length ?? 0) <= MOST_REPEATED
        ? Array(20).fill(before)
        : how === 'add' && typeof before === 'object' && before !== null && !Array.isArray(before)
          ? Object.defineProperty({ ...before }, name, { value, enumerable: true })
          : value
  if (parent === null) return after
  Object.defineProperty(parent, key, { value: after, enumerable: true, configurable: true, writable: true })
  return copy
}

/** JSON of a value, now and then broken in a way that no value can show: cut off, doubled keys, numbers beyond JSON, bytes that are no text. */
export const jsonBytesOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      value,
      fc.constantFrom<(text: string) => string | Buffer>(...Array(14).fill((text: string) => text), ...BREAKS),
      fc.nat(100)
    )
    .map(([whole, broken]) => Buffer.from(broken(JSON.stringify(whole) ?? 'undefined')))

const BREAKS: ((text: string) => string | Buffer)[] = [
  (text) => text.slice(0, Math.floor(text.length / 2)),
  (text) => `${text}${text}`,
  (text) => text.replace(/:\s*[^,{}[\]"]+/, ':NaN'),
  (text) => text.replace(/:\s*-?\d+(\.\d+)?/, ':1e999'),
  (text) => text.replace('{', '{"__proto__":{"admin":true},'),
  (text) => text.replace('{', '{"machineId":"x","machineId":"y",'),
  (text) => `\ufeff${text}`,
  (text) => text.replaceAll('"', "'"),
  (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80])]),
  (text) => text.replace(/"([^"]*)"/, '"\\ud800$1\\u0000"'),
  () => nested(50_000, '[', ']'),
  () => nested(30_000, '{"a":', '}'),
  () => '',
  () => `"${'x'.repeat(270_000)}"`
]
