/** Hostile MQTT: packets that break the format or the order, and well-formed publishes whose payload is wrong. */
import fc from 'fast-check'
import { Change } from '#contracts/device/change.ts'
import { CommandAck } from '#contracts/device/command.ts'
import { Heartbeat } from '#contracts/device/heartbeat.ts'
import { Positions } from '#contracts/device/positions.ts'
import { Samples } from '#contracts/device/samples.ts'
import { Scan } from '#contracts/device/scan.ts'
import { HOSTILE_TEXTS, hostileValueOf, jsonBytesOf, type Schema } from './generators.ts'
import { bytesOf, connectBytes } from './mqtt-line.ts'

/** Whose key it is, and whose branch. */
export type Speaker = { kind: Kind; username: string; password: Buffer; branch: string; others: string }
export type Publish = { kind: Kind; channel: string; payload: Buffer }
type Kind = 'machine' | 'scanner' | 'tracker'

/** Device kind and channel → what is said there. */
export const SAID = {
  'machine/heartbeat': Heartbeat,
  'machine/samples': Samples,
  'machine/change': Change,
  'machine/command/ack': CommandAck,
  'scanner/scan': Scan,
  'tracker/positions': Positions
} as unknown as Record<string, Schema>

/** Publishes under one's own branch, made from the contracts, most with something wrong in them. */
export const hostilePublishes: fc.Arbitrary<Publish> = fc
  .tuple(fc.constantFrom(...Object.entries(SAID)), fc.nat(5))
  .chain(([[name, schema], n]) => {
    const [kind, channel] = name.split(/\/(.*)/s, 2) as [Kind, string]
    const value = hostileValueOf(schema)
    const isEnvelope = n === 0 && channel === 'heartbeat'
    const payload = jsonBytesOf(isEnvelope ? value.map((inner) => ({ id: 'x', payload: JSON.stringify(inner) })) : value)
    return payload.map((bytes) => ({ kind, channel, payload: bytes.subarray(0, 256 * 1024) }))
  })

/** What one line sends, from its first byte. Nothing in it is a message that the store could take. */
export function hostileLines(speaker: Speaker): fc.Arbitrary<Buffer[]> {
  const { username, password, branch, others } = speaker
  const connect = connectBytes({ username, password, clientId: 'hostile' })
  const publish = (topic: string, more = {}) => bytesOf({ cmd: 'publish', topic, payload: '{}', qos: 1, messageId: 9, ...more })
  const good = [
    ...[
      publish(`${branch}/heartbeat`),
      publish(`${branch}/change`, { qos: 2 }),
      publish(`${branch}/samples`, { qos: 0 }),
      publish(`${branch}/heartbeat`, { retain: true, dup: true })
    ],
    ...[
      bytesOf({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: `${branch}/command`, qos: 1 }] }),
      bytesOf({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: [`${branch}/command`] })
    ],
    ...[
      bytesOf({ cmd: 'pingreq' }),
      bytesOf({ cmd: 'pubrel', messageId: 9 }),
      bytesOf({ cmd: 'puback', messageId: 1 }),
      bytesOf({ cmd: 'pubrec', messageId: 1 }),
      bytesOf({ cmd: 'pubcomp', messageId: 1 })
    ]
  ]
  const wrong = [
    ...[
      connect,
      publish(`${others}/heartbeat`),
      bytesOf({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
      bytesOf({ cmd: 'pingresp' }),
      bytesOf({ cmd: 'suback', messageId: 1, granted: [0] })
    ],
    ...[
      '#',
      '+',
      `${branch}/#`,
      `${branch}/+`,
      '$SYS/x',
      '',
      '\0',
      `${branch}/heartbeat\0`,
      `store/${'/'.repeat(200)}`,
      'x'.repeat(65_535)
    ].map((topic) => framed(0x32, [text(topic), Buffer.from([0, 9]), Buffer.from('{}')])),
    ...[0x36, 0x3e, 0x00, 0xf0, 0x60, 0x80, 0xa0, 0x1f, 0xcf].map((header) =>
      framed(header, [text(`${branch}/heartbeat`), Buffer.from([0, 9])])
    ),
    ...[
      [0xff, 0xfe],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf8, 0x88]
    ].map((bad) => framed(0x32, [Buffer.from([0, bad.length]), Buffer.from(bad), Buffer.from([0, 9])])),
    ...[
      framed(0x30, []),
      framed(0x30, [Buffer.from([0xff, 0xff])]),
      framed(0x32, [text(`${branch}/heartbeat`), Buffer.from([0, 0])]),
      framed(0x82, []),
      framed(0x82, [Buffer.from([0, 1])]),
      framed(0xa2, [])
    ],
    ...[
      framed(0x82, [Buffer.from([0, 1]), text('a'), Buffer.from([3])]),
      framed(0x82, [Buffer.from([0, 1]), text('#'), Buffer.from([0xff])]),
      framed(0x82, [
        Buffer.from([0, 1]),
        ...Array.from({ length: 5000 }, (_, n) => Buffer.concat([text(`${n}/#`), Buffer.from([1])]))
      ])
    ],
    ...[
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
      Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]),
      Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]),
      Buffer.from([0xc0, 0x05]),
      Buffer.from([0xe0, 0x01, 0x00])
    ]
  ]
  const hello = fc.oneof(
    { weight: 6, arbitrary: fc.constant(connect) },
    { weight: 3, arbitrary: hostileConnects(speaker) },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) }
  )
  const packet = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...good) },
    { weight: 3, arbitrary: fc.constantFrom(...wrong) },
    { weight: 2, arbitrary: spoiled(fc.constantFrom(...good, ...wrong)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) }
  )
  return fc.tuple(hello, fc.array(packet, { minLength: 1, maxLength: 4 })).map(([first, rest]) => [first, ...rest])
}

function hostileConnects({ username, password, branch, others }: Speaker): fc.Arbitrary<Buffer> {
  const right = { username, password, clientId: 'hostile' }
  const wills = [`${others}/status`, `${branch}/heartbeat`, '#', '$SYS/x', '\0', 'x'.repeat(5000)].map((topic) =>
    connectBytes({ ...right, will: { topic, payload: Buffer.from('{}'), qos: 2, retain: true } })
  )
  const names = HOSTILE_TEXTS.filter((one) => one.length < 3000).flatMap((one) => [
    connectBytes({ ...right, clientId: one || 'x' }),
    connectBytes({ ...right, username: one }),
    connectBytes({ ...right, password: Buffer.from(one) })
  ])
  const head = (protocol: string, level: number, flags: number) =>
    framed(0x10, [
      text(protocol),
      Buffer.from([level, flags, 0, 60]),
      text('x'),
      text(username),
      Buffer.from([0, password.length]),
      password
    ])
  const heads = [
    ['MQTT', 4, 0xc2],
    ['MQTT', 4, 0xc3],
    ['MQTT', 4, 0xff],
    ['MQTT', 4, 0x42],
    ['MQTT', 4, 0x3a],
    ['MQTT', 4, 0xde],
    ['MQTT', 5, 0xc2],
    ['MQTT', 3, 0xc2],
    ['MQTT', 0, 0xc2],
    ['MQTT', 132, 0xc2],
    ['MQIsdp', 3, 0xc2],
    ['mqtt', 4, 0xc2],
    ['', 4, 0xc2],
    ['HTTP', 4, 0xc2]
  ] as const
  const cases = [
    ...wills,
    ...names,
    ...heads.map(([protocol, level, flags]) => head(protocol, level, flags)),
    framed(0x10, []),
    framed(0x10, [text('MQTT')]),
    framed(0x11, [text('MQTT'), Buffer.from([4, 2, 0, 0])]),
    Buffer.from('GET / HTTP/1.1\r\n\r\n')
  ]
  return fc.oneof(fc.constantFrom(...cases), spoiled(fc.constantFrom(...cases)))
}

/** A packet with bits turned, its length changed, its end cut off, or more behind it. */
const spoiled = (packet: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      packet,
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
      fc.constantFrom('turn', 'cut', 'length', 'more')
    )
    .map(([bytes, turns, how]) => {
      const copy = Buffer.from(bytes)
      if (how === 'cut') return copy.subarray(0, Math.ceil(copy.length / 2))
      if (how === 'more') return Buffer.concat([copy, copy.subarray(1)])
      if (how === 'length' && copy.length > 1) copy[1] = (turns[0]?.[1] ?? 127) & 0xff
      if (how === 'turn') for (const [at, bits] of turns) copy[at % copy.length] = copy[at % copy.length]! ^ bits
      return copy
    })

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** A packet of any header and parts, with the right length. */
function framed(header: number, parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  for (let left = body.length; ; left >>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    if (left <= 0x7f) break
  }
  return Buffer.concat([Buffer.from([header, ...length]), body])
}
