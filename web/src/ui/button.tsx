/** Buttons: one look, a busy state while what they started runs. */
import { type ComponentProps, type ReactNode, useState } from 'react'
import { Icon, type IconName } from './icon.tsx'

type Look = { icon?: IconName; tone?: 'primary' | 'danger' | 'plain' | 'danger primary'; size?: 'small' }
type Props = Omit<ComponentProps<'button'>, 'onClick'> & Look & { onPress?: (() => unknown) | undefined; children?: ReactNode }

/** Disabled while the promise of `onPress` runs, so that nothing is sent twice. Without text it needs an aria-label. */
export function Button({ icon, tone, size, onPress, children, className = '', disabled, ...rest }: Props) {
  const [busy, setBusy] = useState(false)
  const press = async () => {
    const result = onPress?.()
    if (!(result instanceof Promise)) return
    setBusy(true)
    try {
      await result
    } finally {
      setBusy(false)
    }
  }
  const shape = children === undefined ? 'icon' : ''
  return (
    <button
      type="button"
      title={children === undefined ? rest['aria-label'] : undefined}
      {...rest}
      className={`button ${tone ?? ''} ${size ?? ''} ${shape} ${className}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...(onPress && { onClick: press })}
    >
      {busy ? <span className="spinner" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  )
}
