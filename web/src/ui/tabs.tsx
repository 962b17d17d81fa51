/** Tabs within a page. */
import { type ReactNode, useId, useState } from 'react'

export type Tab = { label: string; content: () => ReactNode }

export function Tabs({ tabs }: { tabs: Tab[] }) {
  const [chosen, setChosen] = useState(0)
  const id = useId()
  const at = Math.min(chosen, tabs.length - 1)
  const move = (key: string) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const to = (at + step + tabs.length) % tabs.length
    setChosen(to)
    document.getElementById(`${id}-${to}`)?.focus()
  }
  return (
    <>
      <div className="tabs" role="tablist" onKeyDown={(event) => move(event.key)}>
        {tabs.map(({ label }, n) => (
          <button
            key={label}
            id={`${id}-${n}`}
            type="button"
            role="tab"
            aria-selected={n === at}
            aria-controls={`${id}-panel`}
            tabIndex={n === at ? 0 : -1}
            onClick={() => setChosen(n)}
          >
            {label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${at}`}>
        {tabs[at]?.content()}
      </div>
    </>
  )
}
