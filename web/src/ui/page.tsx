/** A page's frame: where one is, what it is called, what can be done, and below it the rest. */
import { type ReactNode, useEffect } from 'react'

type Props = { title: string; above?: ReactNode; beside?: ReactNode; actions?: ReactNode; children: ReactNode; wide?: boolean }

export function Page({ title, above, beside, actions, children, wide }: Props) {
  useEffect(() => {
    document.title = `${title} · niflr-edge-store`
  }, [title])
  return (
    <div className={`page ${wide ? 'wide' : ''}`}>
      <header className="page-head">
        <div className="grow">
          {above && <div className="crumb">{above}</div>}
          <div className="row wrap">
            <h1>{title}</h1>
            {beside}
          </div>
        </div>
        <div className="row wrap">{actions}</div>
      </header>
      {children}
    </div>
  )
}

/** A part of a page with a heading of its own. */
export const Card = ({ title, beside, children }: { title?: string; beside?: ReactNode; children: ReactNode }) => (
  <section className="card">
    {title && (
      <header>
        <h2 className="grow">{title}</h2>
        {beside}
      </header>
    )}
    {children}
  </section>
)
