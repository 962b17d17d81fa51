/** Somebody else was faster: what they made of it, beside what one was about to save. Nothing is overwritten unseen. */
import type { Field, Row } from '#web/resources/types.ts'
import { Value } from '#web/resources/value.tsx'
import { Button } from '#web/ui/button.tsx'
import { Notice } from '#web/ui/notice.tsx'
import { type Draft, draftOf } from './draft.ts'

type Props = { fields: Field[]; theirs: Row; began: Draft; draft: Draft; onTakeTheirs: () => void; onKeepMine: () => void }

export function Conflict({ fields, theirs, began, draft, onTakeTheirs, onKeepMine }: Props) {
  const now = draftOf(fields, theirs)
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const touched = fields.filter(({ name }) => !same(now[name], began[name]) && !same(now[name], draft[name]))
  return (
    <Notice tone="fair">
      <p>
        <strong>Somebody changed this while you did.</strong> Nothing of yours is saved yet.
      </p>
      {touched.map((field) => (
        <p key={field.name}>
          {field.label} is now <Value field={field} row={theirs} full />.
        </p>
      ))}
      <div className="row wrap">
        <Button size="small" onPress={onTakeTheirs}>
          Start over with theirs
        </Button>
        <Button size="small" onPress={onKeepMine}>
          Keep what I changed, and look again
        </Button>
      </div>
    </Notice>
  )
}
