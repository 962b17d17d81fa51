/** One published stream: numbers the pictures of its source, remembers those since the last keyframe, and gives them to everyone who watches. */
import { randomInt } from 'node:crypto'
import type { AccessUnit, ParameterSets, VideoSource } from './access-unit.ts'
import { packPicture, type RtpState, senderReport } from './rtp.ts'

/** One client that plays. `awaitsKey`: it is sent nothing before the next keyframe. */
export type Viewer = {
  sendRtp(packets: Buffer[]): void
  sendRtcp(packet: Buffer): void
  backlogBytes(): number
  hangUp(): void
  awaitsKey: boolean
}
/** Where a client that comes in between begins: at the last keyframe, at once, or at the next one, so that pictures always arrive when they are taken. */
export type JoinAt = 'last-keyframe' | 'next-keyframe'

const REPORT_EVERY_MS = 2000
/** A client that lags so far behind misses pictures up to the next keyframe. */
const MOST_BACKLOG_BYTES = 4_000_000

/** Built: nothing runs. Started: the source makes pictures. Stopped: viewers have been hung up on. */
export class Stream {
  readonly name: string
  readonly viewers = new Set<Viewer>()
  isRefusing = false
  parameters: ParameterSets | null = null
  #source: VideoSource
  #joinAt: JoinAt
  #sinceKey: Buffer[][] = []
  #rtp: RtpState = {
    ssrc: randomInt(2 ** 32),
    sequence: randomInt(2 ** 16),
    timestampOffset: randomInt(2 ** 32),
    packets: 0,
    bytes: 0
  }
  #pictures = 0
  #reportedMs = 0
  #silentUntilMs = 0
  #onViewers: (() => void)[] = []
  #giveUp: (error: Error) => void = () => undefined

  constructor(name: string, source: VideoSource, joinAt: JoinAt) {
    this.name = name
    this.#source = source
    this.#joinAt = joinAt
  }

  /** What its source has made so far; bytes are those of RTP payload. */
  get made(): { pictures: number; bytes: number } {
    return { pictures: this.#pictures, bytes: this.#rtp.bytes }
  }

  /** Resolves with the first picture. Rejects when the source ends, or is stopped, before it has made one. */
  start(onEnded: (reason: string) => void = () => undefined): Promise<void> {
    let isShown = false
    return new Promise((resolve, reject) => {
      this.#giveUp = reject
      this.#source.start({
        parameters: (sets) => {
          this.parameters = sets
        },
        picture: (unit) => {
          isShown = true
          this.#show(unit)
          resolve()
        },
        ended: (reason) => {
          reject(new Error(`${this.name}: ${reason}`))
          this.parameters = null
          this.hangUp()
          if (isShown) onEnded(reason)
        }
      })
    })
  }

  async stop(): Promise<void> {
    await this.#source.stop()
    this.#giveUp(new Error(`${this.name}: stopped before its first picture`))
    this.hangUp()
  }

  /** `viewer` is sent the stream from now on. */
  join(viewer: Viewer): void {
    this.viewers.add(viewer)
    viewer.sendRtcp(senderReport(this.#rtp, Date.now(), this.name))
    viewer.awaitsKey = this.#joinAt === 'next-keyframe' || this.#sinceKey.length === 0 || this.#isSilent()
    if (!viewer.awaitsKey) for (const packets of this.#sinceKey) viewer.sendRtp(packets)
    this.#tellViewers()
  }

  leave(viewer: Viewer): void {
    if (this.viewers.delete(viewer)) this.#tellViewers()
  }

  /** Resolves as soon as at least so many clients play. */
  async untilWatched(count: number): Promise<void> {
    while (this.viewers.size < count) await new Promise<void>((resolve) => this.#onViewers.push(resolve))
  }

  /** Sends nothing for so long, with connections left open; then goes on at a keyframe. */
  silence(ms: number): void {
    this.#silentUntilMs = Date.now() + ms
  }

  hangUp(): void {
    for (const viewer of this.viewers) viewer.hangUp()
  }

  #isSilent = () => Date.now() < this.#silentUntilMs

  #show(unit: AccessUnit): void {
    const { sps, pps } = this.parameters!
    const packets = packPicture(this.#rtp, unit.isKey ? { ...unit, nals: [sps, pps, ...unit.nals] } : unit)
    if (unit.isKey) this.#sinceKey = []
    this.#sinceKey.push(packets)
    this.#pictures += 1
    const now = Date.now()
    const report = now - this.#reportedMs >= REPORT_EVERY_MS ? senderReport(this.#rtp, now, this.name) : null
    if (report) this.#reportedMs = now
    for (const viewer of this.viewers) {
      if (this.#isSilent() || viewer.backlogBytes() > MOST_BACKLOG_BYTES) viewer.awaitsKey = true
      else if (unit.isKey) viewer.awaitsKey = false
      if (viewer.awaitsKey) continue
      if (report) viewer.sendRtcp(report)
      viewer.sendRtp(packets)
    }
  }

  #tellViewers(): void {
    for (const tell of this.#onViewers.splice(0)) tell()
  }
}
