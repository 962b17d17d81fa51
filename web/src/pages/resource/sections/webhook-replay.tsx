/** Telling a webhook again what happened in a span of time. */
import { type FormEvent, useState } from 'react'
import type { Replayed, ReplayInput } from '#contracts/api/webhooks.ts'
import { ApiProblem, send, words } from '#web/api.ts'
import { fromStoreTime } from '#web/format.ts'
import { useKeys } from '#web/keys.ts'
import { Button } from '#web/ui/button.tsx'
import { Dialog } from '#web/ui/dialog.tsx'
import { Field } from '#web/ui/field.tsx'
import { Notice } from '#web/ui/notice.tsx'

type Props = { webhookId: string; onClose: () => void; onReplayed: (said: string) => void }

export function WebhookReplay({ webhookId, onClose, onReplayed }: Props) {
  const [span, setSpan] = useState({ from: '', to: '' })
  const [isAll, setAll] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const keys = useKeys()
  const field = problem instanceof ApiProblem ? problem.field : null
  const replay = async () => {
    const [from, to] = [fromStoreTime(span.from), fromStoreTime(span.to)]
    const body: ReplayInput = { ...(from && { from }), ...(to && { to }), failedOnly: !isAll }
    setProblem(null)
    try {
      const { replayed } = await send<Replayed>('POST', `/webhooks/${webhookId}/replay`, { body, key: keys.of(body) })
      onReplayed(countOf(replayed))
    } catch (error) {
      setProblem(error)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void replay()
  }
  const footer = (
    <>
      <Button onPress={onClose}>Cancel</Button>
      <Button tone="primary" icon="redo" onPress={replay}>
        Send again
      </Button>
    </>
  )
  return (
    <Dialog title="Send a span of time again" onClose={onClose} footer={footer}>
      <form className="stack" onSubmit={submit}>
        <p className="soft">
          What happened then is told again in its order, with the ids it had: a program that has seen one knows it.
        </p>
        {(['from', 'to'] as const).map((end) => (
          <Field
            key={end}
            label={end === 'from' ? 'From' : 'Until'}
            required={end === 'from' && isAll ? undefined : false}
            help={end === 'to' ? 'Empty: until now.' : isAll ? undefined : 'Empty: from the oldest that is kept.'}
            error={field === end ? words(problem) : null}
          >
            {(wiring) => (
              <input
                {...wiring}
                className="input"
                type="datetime-local"
                value={span[end]}
                onChange={(event) => setSpan({ ...span, [end]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <label className="check">
          <input type="checkbox" checked={isAll} onChange={(event) => setAll(event.target.checked)} />
          What was accepted too, not only what was given up
        </label>
        {problem !== null && field !== 'from' && field !== 'to' && <Notice tone="bad">{words(problem)}</Notice>}
      </form>
    </Dialog>
  )
}

/** How many deliveries wait again, in words. */
export const countOf = (replayed: number): string =>
  replayed === 0 ? 'There is nothing to send again' : `${replayed} ${replayed === 1 ? 'delivery waits' : 'deliveries wait'} again`
