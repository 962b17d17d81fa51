/** The tracker of the fake shop: whoever reaches out stands before it, and is seen from door to door. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { facingSpot, floorOf } from './floor.ts'
import { alongside, type Sight } from './sights.ts'
import { simulateStory } from './story.ts'
import { Tracker } from './tracker.ts'

const apart = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y)

test('machines stand side by side, and every scale has its spot', () => {
  const { machines } = simulateStory({ seed: 1, scenario: 'demo' }).scenario
  const { spots } = floorOf(machines)
  const all = [...spots.values()].flat()
  assert.equal(new Set(all.map(({ x }) => x)).size, all.length)
  for (const { machineId, facings } of machines)
    for (const { scaleIds } of facings) assert(scaleIds.every((id) => spots.get(machineId)!.some((spot) => spot.scaleId === id)))
})

test('who reaches out stands before it then; tracks begin at the entry, end at the exit, and nobody has two', async () => {
  const story = simulateStory({ seed: 5, scenario: 'demo', seconds: 180 })
  const { machines } = story.scenario
  const floor = floorOf(machines)
  const tracker = new Tracker(floor, machines, 'run')
  const sights: Sight[] = []
  story.stage.witness = alongside(
    (sight) => sights.push(sight),
    (sight) => tracker.witness(sight)
  )
  const seen: { ms: number; people: ReturnType<Tracker['peopleAt']> }[] = []
  for await (const message of story) {
    const ms = story.stage.ms
    while ((seen.at(-1)?.ms ?? 0) + 250 <= ms) {
      const at = (seen.at(-1)?.ms ?? 0) + 250
      seen.push({ ms: at, people: tracker.peopleAt(at) })
    }
    if (message.kind === 'scan') story.hearDoor(message, { visitId: message.visitKey })
  }
  const reaches = sights.filter((sight) => sight.sight === 'reach').filter(({ atMs }) => atMs < seen.at(-1)!.ms)
  assert(reaches.length > 10, String(reaches.length))
  for (const { atMs, machineId, facing } of reaches) {
    const { scaleIds } = machines.find((machine) => machine.machineId === machineId)!.facings[facing]!
    const spot = facingSpot(floor, machineId, scaleIds)
    const { people } = seen.findLast(({ ms }) => ms <= atMs)!
    assert(Math.min(...people.map((each) => apart(each, spot))) < 0.2, `${machineId}/${facing} at ${atMs}`)
  }
  const tracks = new Map<string, { x: number; y: number }[]>()
  for (const { people } of seen)
    for (const { trackId, ...spot } of people) tracks.set(trackId, [...(tracks.get(trackId) ?? []), spot])
  assert.equal(tracks.size, sights.filter((sight) => sight.sight === 'arrival').length)
  const still = new Set(seen.at(-1)!.people.map(({ trackId }) => trackId))
  for (const [trackId, way] of tracks) {
    assert(apart(way[0]!, floor.doors.ENTRY) < 0.5, trackId)
    if (!still.has(trackId)) assert(apart(way.at(-1)!, floor.doors.EXIT) < 0.5, trackId)
  }
})
