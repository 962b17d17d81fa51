/** Single keys: a list says which does what. Typing into a field never triggers one, nor does a dialog that is open. */
import { useEffect, useRef } from 'react'

export type Key = { keys: string[]; label: string; run: () => unknown; group?: string }

const NAMES: Record<string, string> = {
  ' ': 'Space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  'ctrl+z': 'Ctrl Z',
  'ctrl+y': 'Ctrl Y'
}
export const nameOfKey = (key: string): string => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)

export function useKeys(list: Key[]): void {
  const current = useRef(list)
  current.current = list
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null
      const isTyping = target?.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')
      if (isTyping || document.querySelector('dialog[open]') || event.altKey || event.metaKey) return
      const isOnControl = target?.closest('button, a, summary') && (event.key === 'Enter' || event.key === ' ')
      if (isOnControl) return
      const key = event.ctrlKey ? `ctrl+${event.key.toLowerCase()}` : event.key.length === 1 ? event.key.toLowerCase() : event.key
      const found = current.current.find(({ keys }) => keys.includes(key))
      if (!found) return
      event.preventDefault()
      found.run()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}
