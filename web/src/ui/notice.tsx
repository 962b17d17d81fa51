/** What a person should know: a coloured strip, a pill, an empty place, a wait. */
import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'

export type Tone = 'good' | 'fair' | 'bad' | 'info' | 'quiet'
const ICONS: Record<Tone, IconName> = { good: 'check', fair: 'warning', bad: 'warning', info: 'info', quiet: 'info' }

export const Notice = ({ tone = 'info', children }: { tone?: Tone; children: ReactNode }) => (
  <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
    <Icon name={ICONS[tone]} />
    <div className="grow">{children}</div>
  </div>
)

export const Pill = ({ tone = 'quiet', children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`pill ${tone}`}>{children}</span>
)

export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <strong>{title}</strong>
    {children}
  </div>
)

export const Waiting = ({ what = 'Loading' }: { what?: string }) => (
  <div className="empty" role="status">
    <span className="spinner" />
    <span className="visually-hidden">{what}…</span>
  </div>
)
