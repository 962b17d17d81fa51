/** A button with a small menu below it; closes on Escape, on a choice of a button in it, or when one looks elsewhere. */
import { type ReactNode, useRef } from 'react'
import { Icon, type IconName } from './icon.tsx'

type Props = { label: string; icon?: IconName; children: ReactNode; quiet?: boolean }

export function Menu({ label, icon, children, quiet = false }: Props) {
  const details = useRef<HTMLDetailsElement>(null)
  const close = () => details.current?.removeAttribute('open')
  return (
    <details
      ref={details}
      className="menu"
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && event.relatedTarget && close()}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <summary className={`button ${quiet ? 'plain icon' : ''}`} aria-label={label}>
        {icon && <Icon name={icon} />}
        {!quiet && label}
      </summary>
      <div className="menu-body">{children}</div>
    </details>
  )
}
