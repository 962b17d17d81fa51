/** From an empty box to an open store: what is to be onboarded, ticked as it comes alive. */
import { Link } from 'react-router'
import { Icon } from '#web/ui/icon.tsx'
import { Waiting } from '#web/ui/notice.tsx'
import { Card, Page } from '#web/ui/page.tsx'
import { useChecklist } from './checklist.ts'
import { SimulatedShop } from './simulated-shop.tsx'
import './start.css'

export function StartPage() {
  const items = useChecklist()
  if (!items) return <Waiting />
  const done = items.filter(({ isDone }) => isDone).length
  const next = items.find(({ isDone }) => !isDone)
  return (
    <Page title="Onboarding" beside={<span className="soft num">{`${done} of ${items.length}`}</span>}>
      <p className="soft about">
        {next
          ? 'In this order. Each is ticked when the device itself has been heard.'
          : 'Everything is alive. New devices are onboarded here too.'}
      </p>
      <Card>
        <ol className="checklist">
          {items.map((item) => (
            <li key={item.title} className={item.isDone ? 'done' : ''}>
              <span className="tick-mark">
                <Icon name={item.isDone ? 'check' : item.icon} />
              </span>
              <span className="grow">
                <strong>{item.title}</strong>
                <span className="soft">{item.says}</span>
                {item.isDone && <span className="visually-hidden">done</span>}
              </span>
              <Link className={`button ${item === next ? 'primary' : ''}`} to={item.to}>
                {item.action}
              </Link>
            </li>
          ))}
        </ol>
      </Card>
      <SimulatedShop />
    </Page>
  )
}
