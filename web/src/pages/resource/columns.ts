/** Which columns a list shows: those of the description, until somebody chooses on this device. */
import { useState } from 'react'
import type { Field, Resource } from '#web/resources/types.ts'

export function useColumns(resource: Resource) {
  const key = `niflr-columns-${resource.name}`
  const all = resource.fields.filter(({ column }) => column)
  const [chosen, setChosen] = useState<string[]>(
    () => stored(key) ?? all.filter(({ column }) => column === 'shown').map(({ name }) => name)
  )
  const toggle = ({ name }: Field) => {
    const next = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]
    if (next.length === 0) return
    localStorage.setItem(key, JSON.stringify(next))
    setChosen(next)
  }
  return {
    all,
    shown: all.filter(({ name }) => chosen.includes(name)),
    isShown: ({ name }: Field) => chosen.includes(name),
    toggle
  }
}

function stored(key: string): string[] | null {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? 'null')
    return Array.isArray(value) && value.length > 0 ? value : null
  } catch {
    return null
  }
}
