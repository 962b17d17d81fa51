/** The fake shop, live: connects its devices to a store and plays a story to it by the wall clock. */
import { setTimeout as delay } from 'node:timers/promises'
import type { StaffApi } from './api.ts'
import { sendChange } from './devices/change.ts'
import { answerCommands } from './devices/command.ts'
import { sendHeartbeat } from './devices/heartbeat.ts'
import { positionsOf, sendPositions } from './devices/positions.ts'
import { sendSamples } from './devices/samples.ts'
import { showScan } from './devices/scan.ts'
import { floorOf } from './floor.ts'
import { DeviceLine, type LineSettings } from './line.ts'
import type { Onboarded } from './onboarding.ts'
import { alongside } from './sights.ts'
import type { Story, StoryMessage } from './story.ts'
import { Tracker } from './tracker.ts'
import type { Truth } from './truth.ts'

export type ShopSettings = {
  baseUrl: string
  mqttUrl: string
  onboarded: Onboarded
  story: Story
  api: StaffApi
  say: (line: string) => void
}
type ScanMessage = Extract<StoryMessage, { kind: 'scan' }>

/** The story goes on as if time had stood still when the process slept for longer. */
const SLEPT_MS = 5000
/** A tracker looks this often. */
const LOOKS_MS = 250
/** Who stops the shop waits this long for doors that have not answered yet. */
const DOORS_MS = 2000

/** Built: nothing is connected. Started: devices are online and the story runs. Stopped: the devices are offline, the story stays where it is. */
export class Shop {
  readonly truth: Truth
  #settings: ShopSettings
  #lines = new Map<string, DeviceLine>()
  #doors = new Map<string, Promise<void>>()
  #stopping = new AbortController()
  #playing: Promise<void> = Promise.resolve()
  #looking: Promise<void> = Promise.resolve()

  constructor(settings: ShopSettings) {
    this.#settings = settings
    this.truth = settings.story.truth
  }

  /** Resolves once the devices are connected; the story goes on from then. */
  async start(): Promise<void> {
    const { story, onboarded, say } = this.#settings
    for (const { name, transport } of story.scenario.scanners) {
      const { scannerId, deviceKey } = onboarded.scanners[name]!
      this.#lines.set(name, this.#line({ kind: 'scanner', deviceId: scannerId, deviceKey, transport }))
    }
    for (const { machineId, transport } of story.scenario.machines)
      this.#lines.set(
        machineId,
        this.#line({ kind: 'machine', deviceId: machineId, deviceKey: onboarded.machines[machineId]!, transport })
      )
    const { tracker } = onboarded
    const eyes =
      tracker && this.#line({ kind: 'tracker', deviceId: tracker.trackerId, deviceKey: tracker.deviceKey, transport: 'mqtt' })
    if (eyes) this.#lines.set(eyes.deviceId, eyes)
    await Promise.all([...this.#lines.values()].map((line) => line.start()))
    for (const machine of story.stage.machines)
      answerCommands(this.#lines.get(machine.spec.machineId)!, machine, { now: () => Date.now() - story.stage.startMs, say })
    story.shift(Date.now() - story.stage.startMs)
    if (eyes) this.#looking = this.#look(eyes)
    this.#playing = this.#play().catch((error: Error) => say(`the story broke off: ${error.message}`))
  }

  /** Resolves when the story has come to its end, or was stopped. */
  finished(): Promise<void> {
    return this.#playing
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#playing
    await this.#looking
    await Promise.race([Promise.all([...this.#doors.values()]), delay(DOORS_MS, undefined, { ref: false })])
    await Promise.all([...this.#lines.values()].map((line) => line.stop()))
  }

  #line(settings: Pick<LineSettings, 'kind' | 'deviceId' | 'deviceKey' | 'transport'>): DeviceLine {
    const { baseUrl, mqttUrl, say, onboarded } = this.#settings
    return new DeviceLine({ ...settings, baseUrl, mqttUrl, say, storeId: onboarded.storeId })
  }

  async #play(): Promise<void> {
    const { story } = this.#settings
    for await (const message of story) {
      const waitMs = message.at.getTime() - Date.now()
      if (waitMs < -SLEPT_MS) story.shift(-waitMs)
      if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      if (this.#stopping.signal.aborted) return
      this.#deliver(message)
    }
  }

  /** Says where everybody is as long as somebody is there, and once that nobody is. */
  async #look(line: DeviceLine): Promise<void> {
    const { story } = this.#settings
    const { machines } = story.scenario
    const tracker = new Tracker(floorOf(machines), machines, story.stage.startMs.toString(36))
    story.stage.witness = alongside(story.stage.witness, (sight) => tracker.witness(sight))
    for (let seen = 0; !this.#stopping.signal.aborted; ) {
      const nowMs = Date.now()
      const people = tracker.peopleAt(nowMs - story.stage.startMs)
      if (people.length > 0 || seen > 0) sendPositions(line, positionsOf(people, nowMs))
      seen = people.length
      await delay(LOOKS_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
    }
  }

  #deliver(message: StoryMessage): void {
    if (message.kind === 'mode') return void this.#changeMode(message.body)
    const line = this.#lines.get(message.deviceId)!
    if (message.kind === 'heartbeat') sendHeartbeat(line, message.body)
    else if (message.kind === 'samples') sendSamples(line, message.body)
    else if (message.kind === 'change') sendChange(line, message.body)
    else this.#scan(line, message)
  }

  /** A scanner reads one code after the other. */
  #scan(line: DeviceLine, message: ScanMessage): void {
    const { story, say } = this.#settings
    const before = this.#doors.get(message.deviceId) ?? Promise.resolve()
    const show = async () => {
      const heard = await showScan(line, message.direction, message.body)
      if ('refused' in heard) say(`${message.deviceId}: refused (${heard.refused})`)
      story.hearDoor(message, heard)
    }
    this.#doors.set(message.deviceId, before.then(show))
  }

  async #changeMode(body: { mode: string }): Promise<void> {
    const { api, say } = this.#settings
    const answer = await api.send('PUT', '/store/mode', body).catch((error: Error) => ({ status: 0, code: error.message }))
    if (answer.status !== 200) say(`the store does not go to ${body.mode}: ${answer.code ?? answer.status}`)
  }
}
