/** The draft of a visit: kept on this device with each step, so that a reload or a power cut costs nothing. */
import { useEffect, useReducer } from 'react'
import { type Decision, type Draft, type Extra, keepDraft, readDraft, take } from './draft.ts'

export type DraftControl = {
  now: Draft
  canUndo: boolean
  canRedo: boolean
  decide: (id: string, decision: Decision | null) => void
  add: (extra: Omit<Extra, 'id'>) => void
  drop: (id: string) => void
  note: (text: string) => void
  undo: () => void
  redo: () => void
}

export function useDraft(visitId: string): DraftControl {
  const [drafts, step] = useReducer(take, visitId, readDraft)
  useEffect(() => keepDraft(visitId, drafts.now), [visitId, drafts.now])
  return {
    now: drafts.now,
    canUndo: drafts.past.length > 0,
    canRedo: drafts.future.length > 0,
    decide: (id, decision) => step({ do: 'decide', id, decision }),
    add: (extra) => step({ do: 'add', extra: { ...extra, id: crypto.randomUUID() } }),
    drop: (id) => step({ do: 'drop', id }),
    note: (text) => step({ do: 'note', text }),
    undo: () => step({ do: 'undo' }),
    redo: () => step({ do: 'redo' })
  }
}
