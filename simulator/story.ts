/** Tells what happens in the fake shop, message by message, by a seed: the same seed and options, the same story to the last gram. */
import type { ScannerTag } from '#contracts/api/scanners.ts'
import type { StoreMode } from '#contracts/api/store.ts'
import type { Change } from '#contracts/device/change.ts'
import type { HeartbeatBody } from '#contracts/device/heartbeat.ts'
import type { Samples } from '#contracts/device/samples.ts'
import type { Scan } from '#contracts/device/scan.ts'
import { playActs } from './acts.ts'
import { openAgenda } from './agenda.ts'
import { type CodeSigner, keyFromSeed } from './codes.ts'
import { scanOf } from './devices/scan.ts'
import { openMachine } from './machine.ts'
import { gatherPeople } from './people.ts'
import { randomFrom } from './random.ts'
import { scheduleReports } from './reports.ts'
import { type Scenario, scenarioNamed } from './scenarios/index.ts'
import type { Draft, Stage } from './stage.ts'
import { Truth } from './truth.ts'
import { type DoorReply, hearDoor } from './visits.ts'

/** `deviceId` is a machine's id, or the name of a scanner: its id is the store's to give. */
export type StoryMessage = { at: Date; deviceId: string } & (
  | { kind: 'heartbeat'; body: HeartbeatBody }
  | { kind: 'samples'; body: Samples }
  | { kind: 'change'; body: Change }
  | { kind: 'scan'; body: Scan; visitKey: string; direction: ScannerTag }
  | { kind: 'mode'; body: { mode: StoreMode } }
)

export type StoryOptions = {
  seed: string | number
  scenario?: Scenario | Scenario['name']
  /** When the story begins; by default a fixed morning. */
  start?: Date
  /** The story ends then at the latest; people who are inside stay there. */
  seconds?: number
  shoppers?: number
  /** The audience of the codes; without it they have none. */
  storeId?: string
  sign?: CodeSigner
  say?: (line: string) => void
}
const MORNING = new Date('2026-01-05T04:30:00.000Z')

export class Story implements AsyncIterable<StoryMessage> {
  readonly truth: Truth
  readonly scenario: Scenario
  readonly stage: Stage
  #sign: CodeSigner
  #endMs: number

  constructor(options: StoryOptions) {
    const { seed, scenario = 'quiet-morning', start = MORNING, seconds = Number.POSITIVE_INFINITY, storeId = null } = options
    this.scenario = typeof scenario === 'string' ? scenarioNamed(scenario) : scenario
    this.#sign = options.sign ?? keyFromSeed(seed).sign
    this.#endMs = seconds * 1000
    this.stage = openStage(this.scenario, { seed, startMs: start.getTime(), storeId, say: options.say ?? (() => undefined) })
    this.truth = this.stage.truth
    scheduleReports(this.stage)
    playActs(this.stage, this.scenario.acts(options), () => {
      this.#endMs = Math.min(this.#endMs, this.stage.ms + 14_000)
    })
  }

  /** The messages in the order of their instants. May be gone through once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StoryMessage> {
    for (const { ms, draft } of this.#drafts()) yield await this.#finished(draft, new Date(Math.round(this.stage.startMs + ms)))
  }

  *#drafts(): Generator<{ ms: number; draft: Draft }> {
    for (let next = this.stage.agenda.next(); next && next.atMs <= this.#endMs; next = this.stage.agenda.next()) {
      this.stage.ms = next.atMs
      const draft = next.happening()
      if (draft) yield { ms: next.atMs, draft }
    }
  }

  async #finished(draft: Draft, at: Date): Promise<StoryMessage> {
    if (draft.kind !== 'scan') return { at, ...draft }
    const { claims, ...scan } = draft
    return { at, ...scan, body: await scanOf(this.#sign, claims, at) }
  }

  /** What the door said to a scan of this story. Without an answer everybody is let in and out. */
  hearDoor(scan: { visitKey: string; direction: ScannerTag }, reply: DoorReply): void {
    hearDoor(this.stage, scan, reply)
  }

  /** The rest of the story happens later by so much: the world stood still. */
  shift(ms: number): void {
    this.stage.startMs += ms
  }
}

/** The story of these options, told without any I/O: feed it to a store by its instants, as fast as you like. */
export const simulateStory = (options: StoryOptions): Story => new Story(options)

type Opening = { seed: string | number; startMs: number; storeId: string | null; say: (line: string) => void }
function openStage({ name, machines, scanners, products }: Scenario, { seed, startMs, storeId, say }: Opening): Stage {
  const random = randomFrom(`${name}/${seed}`)
  const catalogue = new Map(products.map((p) => [p.sku, p]))
  const stage: Stage = {
    ...{ ms: 0, startMs, storeId, random, say, scanners, products: catalogue, count: 0 },
    ...{
      agenda: openAgenda(),
      inside: new Map(),
      truth: new Truth(),
      witness: () => undefined,
      people: gatherPeople(random.fork('people'))
    },
    machines: machines.map((spec) => openMachine(spec, catalogue, random.fork(spec.machineId)))
  }
  for (const machine of stage.machines) machine.bootId = `${machine.spec.machineId}-${startMs.toString(36)}`
  return stage
}
