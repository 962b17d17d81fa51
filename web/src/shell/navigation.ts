/** What the menu offers: the screens of the day first, then every resource one may read. */
import { RESOURCES } from '#web/resources/index.ts'
import type { IconName } from '#web/ui/icon.tsx'

export type Entry = { to: string; label: string; icon: IconName; right: string }
export type Group = { label: string | null; entries: Entry[] }

const DAILY: Entry[] = [
  { to: '/live', label: 'Live', icon: 'live', right: 'store:read' },
  { to: '/review', label: 'Review', icon: 'review', right: 'tickets:review' },
  { to: '/refill', label: 'Refill', icon: 'product', right: 'stock:read' },
  { to: '/start', label: 'Onboarding', icon: 'onboard', right: 'machines:write' }
]
const GROUPS = ['Visits', 'Shelves', 'Doors and cameras', 'House'] as const

export function navigation(may: (right: string) => boolean): Group[] {
  const groups: Group[] = [{ label: null, entries: DAILY }]
  for (const group of GROUPS) {
    const own = RESOURCES.filter((resource) => resource.group === group)
    groups.push({
      label: group,
      entries: own.map(({ name, plural, icon, rights }) => ({ to: `/${name}`, label: plural, icon, right: rights.read }))
    })
  }
  return groups
    .map(({ label, entries }) => ({ label, entries: entries.filter(({ right }) => may(right)) }))
    .filter(({ entries }) => entries.length > 0)
}
