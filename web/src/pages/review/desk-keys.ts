/** Which key does what at the desk. The list is also what `?` shows. */
import { type Decision, decisionOn } from './draft.ts'
import { stepped } from './events.tsx'
import type { Happening } from './evidence.ts'
import type { Key } from './keys.ts'
import type { DraftControl } from './use-draft.ts'
import { BEFORE_MS, type Playback, SPEEDS } from './use-playback.ts'

type Desk = {
  events: Happening[]
  at: number
  select: (n: number) => void
  draft: DraftControl
  playback: Playback
  complete: () => unknown
  skip: () => unknown
  open: (what: 'add' | 'whose' | 'help') => void
  escalate: () => unknown
  isMine: boolean
}
const LITTLE_MS = 1000
const MUCH_MS = 5000

export function deskKeys({ events, at, select, draft, playback, complete, skip, open, escalate, isMine }: Desk): Key[] {
  const event = events[at]
  const decision = event ? decisionOn(event, draft.now) : null
  const decide = (to: Decision | null) => isMine && event && !event.isBilledElsewhere && draft.decide(event.id, to)
  const step = (by: number) => decision?.kind === 'product' && decide(stepped(decision, by))
  const by = (ms: number) => playback.jump(playback.clock.now() + ms)
  const faster = (n: number) =>
    playback.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(playback.speed) + n))]!)
  const choose = (n: number) => {
    const candidate = event?.candidates[n]
    if (candidate) decide({ kind: 'product', productId: candidate.productId, quantity: candidate.quantity })
  }
  const numbers = Array.from({ length: 6 }, (_, n) => ({
    keys: [String(n + 1)],
    label: `Take candidate ${n + 1}`,
    group: 'Decide',
    run: () => choose(n)
  }))
  return [
    { keys: ['j', 'ArrowDown'], label: 'Next event', group: 'Look', run: () => select(at + 1) },
    { keys: ['k', 'ArrowUp'], label: 'Event before', group: 'Look', run: () => select(at - 1) },
    {
      keys: ['r'],
      label: `Again from ${BEFORE_MS / 1000} s before the event`,
      group: 'Look',
      run: () => event && playback.showEvent(event)
    },
    { keys: [' '], label: 'Play, pause', group: 'Look', run: playback.toggle },
    { keys: ['ArrowLeft'], label: '5 s back', group: 'Look', run: () => by(-MUCH_MS) },
    { keys: ['ArrowRight'], label: '5 s on', group: 'Look', run: () => by(MUCH_MS) },
    { keys: [','], label: '1 s back', group: 'Look', run: () => by(-LITTLE_MS) },
    { keys: ['.'], label: '1 s on', group: 'Look', run: () => by(LITTLE_MS) },
    { keys: ['['], label: 'Slower', group: 'Look', run: () => faster(-1) },
    { keys: [']'], label: 'Faster', group: 'Look', run: () => faster(1) },
    { keys: ['e'], label: 'Events only', group: 'Look', run: () => playback.setEventsOnly(!playback.eventsOnly) },
    ...numbers,
    { keys: ['+', '='], label: 'One piece more', group: 'Decide', run: () => step(1) },
    { keys: ['-'], label: 'One piece fewer', group: 'Decide', run: () => step(-1) },
    { keys: ['x'], label: 'A false alarm', group: 'Decide', run: () => decide({ kind: 'noise' }) },
    { keys: ['o'], label: 'Somebody else did it', group: 'Decide', run: () => decide({ kind: 'other' }) },
    {
      keys: ['w'],
      label: 'Another shopper who was inside did it: which?',
      group: 'Decide',
      run: () => isMine && event?.isShared && !event.isBilledElsewhere && open('whose')
    },
    { keys: ['Backspace'], label: 'Back to what was proposed', group: 'Decide', run: () => decide(null) },
    { keys: ['a'], label: 'Add what the scales missed', group: 'Decide', run: () => isMine && open('add') },
    { keys: ['z', 'ctrl+z'], label: 'Undo', group: 'Visit', run: draft.undo },
    { keys: ['y', 'ctrl+y'], label: 'Redo', group: 'Visit', run: draft.redo },
    { keys: ['c', 'Enter'], label: 'Complete, or go to what is open', group: 'Visit', run: complete },
    { keys: ['h'], label: 'Hand it on to an admin, with a note', group: 'Visit', run: escalate },
    { keys: ['s'], label: 'Skip: the next visit', group: 'Visit', run: skip },
    { keys: ['?'], label: 'This map', group: 'Visit', run: () => open('help') }
  ]
}
