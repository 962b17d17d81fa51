/** The scene shows what the story tells: hands where things are taken, goods in the right baskets, people who come and go through the doors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sight } from '#simulator/sights.ts'
import { type StoryOptions, simulateStory } from '#simulator/story.ts'
import { facingPlace, LEFT_EDGE, openFloorPlan, WIDTH } from './floor-plan.ts'
import { Scene } from './scene.ts'
import { BACK_MS, basketAt, handAt, justDone, type Walker, whereAt } from './walker.ts'

type Watched = { scene: Scene; story: ReturnType<typeof simulateStory>; walkers: Map<string, Walker>; sights: Sight[] }
/** A whole story seen by a scene, with everybody who was ever in it. Who is `unwelcome` is refused at the entry. */
async function watched(options: StoryOptions, { unwelcome = false } = {}): Promise<Watched> {
  const story = simulateStory(options)
  const scene = new Scene(openFloorPlan(story.scenario.machines), story.stage.machines)
  const walkers = new Map<string, Walker>()
  const sights: Sight[] = []
  story.stage.witness = (sight) => {
    sights.push(sight)
    scene.witness(sight)
    if (sight.sight === 'arrival') walkers.set(sight.visitKey, scene.walkers.get(sight.visitKey)!)
  }
  for await (const message of story)
    if (message.kind === 'scan') story.hearDoor(message, unwelcome ? { refused: 'blocked' } : { visitId: message.visitKey })
  return { scene, story, walkers, sights }
}
const demo = () => watched({ seed: 4, scenario: 'demo', seconds: 400 })
const counts = (skus: string[]) =>
  Object.entries(Object.groupBy(skus, (sku) => sku))
    .map(([sku, all]) => `${sku} ${all!.length}`)
    .toSorted()

test('whenever something is moved, that person stands before that facing with the hand on it', async () => {
  const { story, scene, walkers } = await demo()
  assert(story.truth.actions.length > 40)
  for (const { at, visitKey, machineId, scaleIds, sku, quantity, kind } of story.truth.actions) {
    const ms = Date.parse(at) - story.stage.startMs
    const { facings } = story.scenario.machines.find((machine) => machine.machineId === machineId)!
    const place = facingPlace(
      scene.plan,
      machineId,
      facings.findIndex((facing) => facing.scaleIds.join() === scaleIds.join())
    )
    const walker = walkers.get(visitKey)!
    const [where, hand] = [whereAt(walker, ms)!, handAt(walker, ms)!]
    assert.equal(where.placeId, place.placeId, `${at} ${kind}`)
    assert(Math.abs(where.x - place.stand.x) <= 40 && where.y === place.stand.y, `${at} ${kind} at ${where.x}, ${where.y}`)
    assert(hand.out > 0.99, `${at} ${kind}: the hand is out by ${hand.out}`)
    assert.deepEqual(hand.grip, place.grip)
    assert.deepEqual(
      justDone(walker, ms + 1, 1000)!.skus,
      Array.from({ length: Math.abs(quantity) }, () => sku)
    )
  }
})

test('in the end the shelves of the scene hold what the machines hold', async () => {
  const { story, scene } = await demo()
  const before = structuredClone(scene.shelves)
  scene.advance(Number.POSITIVE_INFINITY)
  assert.notDeepEqual(scene.shelves, before)
  for (const { spec, facings } of story.stage.machines)
    for (const [n, { units }] of facings.entries())
      assert.deepEqual(
        counts(scene.shelves.get(spec.machineId)![n]!),
        counts(units.map(({ sku }) => sku)),
        `${spec.machineId} ${n}`
      )
})

test('something leaves the shelf at the moment of the truth, not before', async () => {
  const { story, scene } = await demo()
  const taken = story.truth.actions.find(({ kind }) => kind === 'take')!
  const ms = Date.parse(taken.at) - story.stage.startMs
  const { facings } = story.scenario.machines.find(({ machineId }) => machineId === taken.machineId)!
  const units = () => scene.shelves.get(taken.machineId)![facings.findIndex(({ sku }) => sku === taken.sku)]!.length
  scene.advance(ms - 1)
  const full = units()
  scene.advance(ms + 1)
  assert.equal(units(), full - taken.quantity)
})

test('shoppers leave with the goods of their bill in the basket', async () => {
  const { story, walkers, sights } = await demo()
  const leavings = sights.filter((sight) => sight.sight === 'departure')
  const customers = story.truth.visits.filter(({ role, leftAt }) => role === 'customer' && leftAt)
  assert(customers.length > 5 && customers.some(({ bill }) => bill.length > 1))
  for (const { visitKey, bill } of customers) {
    const { atMs } = leavings.find((sight) => sight.visitKey === visitKey)!
    const due = bill.flatMap(({ sku, quantity }) => Array.from({ length: quantity }, () => sku))
    assert.deepEqual(counts(basketAt(walkers.get(visitKey)!, atMs + BACK_MS)), counts(due), visitKey)
  }
})

test('everybody comes by the entry and leaves by the exit, and is in one picture at a time', async () => {
  const { scene, walkers } = await demo()
  const left = [...walkers].filter(([, { goneMs }]) => goneMs < 400_000)
  assert(left.length > 8)
  for (const [key, walker] of left) {
    const seen: string[] = []
    for (let ms = walker.legs[0]!.fromMs; ms < walker.goneMs; ms += 50) {
      const { placeId, x, y } = whereAt(walker, ms)!
      if (seen.at(-1) !== placeId) seen.push(placeId)
      assert(x >= LEFT_EDGE.x && x <= WIDTH + 60 && y > 150 && y < 620, `${key} at ${x}, ${y}`)
    }
    assert.deepEqual([seen[0], seen.at(-1)], ['entry', 'exit'], `${key}: ${seen.join(' → ')}`)
    assert(seen.every((placeId) => scene.plan.some(({ id }) => id === placeId)))
  }
})

test('who is refused at the entry turns back and is seen nowhere else', async () => {
  const { scene, walkers } = await watched({ seed: 1, scenario: 'quiet-morning', seconds: 30 }, { unwelcome: true })
  const [first] = walkers.values()
  for (let ms = first!.legs[0]!.fromMs; ms < first!.goneMs; ms += 50) assert.equal(whereAt(first!, ms)!.placeId, 'entry')
  assert(whereAt(first!, first!.goneMs)!.x < 0)
  assert.equal(scene.doorAt('entry', first!.goneMs).open, 0)
  assert.equal(scene.doorAt('entry', first!.goneMs).last!.refused, 'blocked')
})

test('the door is open while somebody walks through, and shut before and after', async () => {
  const { scene, walkers } = await watched({ seed: 1, scenario: 'quiet-morning', seconds: 12 })
  const [first] = walkers.values()
  const cameMs = first!.legs[0]!.fromMs
  const states = Array.from({ length: 60 }, (_, n) => scene.doorAt('entry', cameMs + n * 50).open)
  assert.deepEqual([states[0], Math.max(...states), states.at(-1)], [0, 1, 0])
  for (const [n, open] of states.entries()) {
    const at = whereAt(first!, cameMs + n * 50)
    if (at?.placeId === 'entry' && Math.abs(at.x - 552) < 12) assert(open > 0.5, `open by ${open}`)
  }
})
