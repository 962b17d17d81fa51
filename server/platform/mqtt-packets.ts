/** Follows one MQTT connection by its fixed headers alone [MQTT-2.2], so that a packet too large is known by its first bytes and never collected. */

/** `publishBytes`: the largest PUBLISH; `otherBytes`: the largest packet of any other kind; both without the fixed header. */
export type PacketLimits = { publishBytes: number; otherBytes: number; perSecond: number }
const CONNECT = 1
const PUBLISH = 3
const LONGEST_LENGTH = 4 // [MQTT-2.2.3]: bytes of a remaining length

/** Where in a packet the next byte belongs: its type → its length (1 to 4 bytes) → its body, which is skipped. */
export class PacketMeter {
  readonly #limits: PacketLimits
  #bodyLeft = 0
  /** Bytes of the length so far; null between two packets. */
  #lengthBytes: number | null = null
  #length = 0
  #type = 0
  #isFirst = true
  #second = { startedMs: Number.NEGATIVE_INFINITY, packets: 0 }

  constructor(limits: PacketLimits) {
    this.#limits = limits
  }

  /** Follows the next bytes. What is wrong with them, null when nothing is; after that the connection is to be cut. `monoMs`: the monotonic clock. */
  follow(chunk: Uint8Array, monoMs: number): string | null {
    for (let at = 0; at < chunk.length; ) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at)
        this.#bodyLeft -= skipped
        at += skipped
        continue
      }
      const wrong = this.#lengthBytes === null ? this.#begin(chunk[at]!, monoMs) : this.#lengthen(chunk[at]!)
      if (wrong) return wrong
      at += 1
    }
    return null
  }

  #begin(header: number, monoMs: number): string | null {
    this.#type = header >> 4
    if (this.#isFirst && this.#type !== CONNECT) return 'the first packet is no CONNECT'
    this.#lengthBytes = 0
    this.#length = 0
    if (monoMs - this.#second.startedMs >= 1000) this.#second = { startedMs: monoMs, packets: 0 }
    this.#second.packets += 1
    return this.#second.packets > this.#limits.perSecond ? 'too many packets' : null
  }

  #lengthen(byte: number): string | null {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes!
    this.#lengthBytes! += 1
    if ((byte & 0x80) !== 0) return this.#lengthBytes === LONGEST_LENGTH ? 'malformed length' : null
    const most = this.#type === PUBLISH ? this.#limits.publishBytes : this.#limits.otherBytes
    if (this.#length > most) return 'packet too large'
    this.#bodyLeft = this.#length
    this.#lengthBytes = null
    this.#isFirst = false
    return null
  }
}
