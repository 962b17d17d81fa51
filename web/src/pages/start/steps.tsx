/** The steps of an onboarding, one below the other; the one that is next is open. */
import type { ReactNode } from 'react'
import { Icon } from '#web/ui/icon.tsx'
import { Card } from '#web/ui/page.tsx'

export type Step = { title: string; isDone: boolean; body: ReactNode; says?: ReactNode }

export function Steps({ steps }: { steps: Step[] }) {
  const open = steps.findIndex(({ isDone }) => !isDone)
  return (
    <Card>
      <ol className="steps">
        {steps.map(({ title, isDone, body, says }, n) => (
          <li key={title} className={isDone ? 'done' : ''} aria-current={n === open ? 'step' : undefined}>
            <span className="tick-mark">{isDone ? <Icon name="check" /> : n + 1}</span>
            <div className="grow">
              <h2>{title}</h2>
              {says && <p className="soft">{says}</p>}
              {(n === open || (isDone && n === steps.length - 1)) && <div className="step-body">{body}</div>}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  )
}
