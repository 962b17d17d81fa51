/** What a store needs before it can open, and what of it is alive. */
import { useQuery } from '@tanstack/react-query'
import type { Camera } from '#contracts/api/cameras.ts'
import type { Machine } from '#contracts/api/machines.ts'
import type { Scanner } from '#contracts/api/scanners.ts'
import { get, type Page } from '#web/api.ts'
import { cameras } from '#web/resources/cameras.ts'
import { wholeOf } from '#web/resources/names.ts'
import { scanners } from '#web/resources/scanners.ts'
import { useShelfMap } from '#web/resources/shelf-map.ts'
import { useSession, useStore } from '#web/session.tsx'
import type { IconName } from '#web/ui/icon.tsx'

export type Item = { title: string; says: string; isDone: boolean; isBegun: boolean; to: string; action: string; icon: IconName }
const OFTEN = { refetchInterval: 5000 }

export function useChecklist(): Item[] | null {
  const { may } = useSession()
  const shelves = useShelfMap()
  const store = useStore()
  const doors = useQuery({ ...wholeOf(scanners), ...OFTEN })
  const views = useQuery({ ...wholeOf(cameras), ...OFTEN })
  const keys = useQuery({ queryKey: ['/qr-keys'], queryFn: () => get<Page<unknown>>('/qr-keys'), enabled: may('qr-keys:read') })
  if (!shelves.isReady || !doors.data || !views.data || !store.data) return null
  const machines = shelves.machines.filter((machine: Machine) => !machine.retiredAt)
  const entries = inService(doors.data as unknown as Scanner[])
  const seeing = inService(views.data as unknown as Camera[])
  const heard = machines.filter(({ lastHeartbeatAt }) => lastHeartbeatAt !== null)
  const planned = machines.filter(({ machineId }) => (shelves.planograms.get(machineId)?.facings.length ?? 0) > 0)
  const recording = seeing.filter(({ state }) => state === 'recording')
  const hasBoth = ['ENTRY', 'EXIT'].every((tag) => entries.some((scanner) => scanner.tag === tag))
  const hasScanned = ['ENTRY', 'EXIT'].every((tag) =>
    entries.some((scanner) => scanner.tag === tag && (scanner.lastScanAt || scanner.lastRefusal))
  )
  return [
    {
      ...{ title: 'Machines', icon: 'machine', to: '/start/machine', action: 'Onboard a machine' },
      says: machines.length === 0 ? 'None yet' : `${heard.length} of ${machines.length} heard`,
      ...{ isBegun: machines.length > 0, isDone: machines.length > 0 && heard.length === machines.length }
    },
    {
      ...{ title: 'Products', icon: 'product', to: '/products', action: 'Add products' },
      says: shelves.products.size === 0 ? 'None yet' : `${shelves.products.size} in the catalogue`,
      ...{ isBegun: shelves.products.size > 0, isDone: shelves.products.size > 0 }
    },
    {
      ...{
        title: 'Planograms',
        icon: 'scale',
        to: `/planograms/${unplanned(machines, shelves.planograms) ?? machines[0]?.machineId ?? ''}`,
        action: 'Place products'
      },
      says: `${planned.length} of ${machines.length} machines filled`,
      ...{ isBegun: planned.length > 0, isDone: machines.length > 0 && planned.length === machines.length }
    },
    {
      ...{ title: 'Doors', icon: 'scanner', to: '/start/scanner', action: 'Onboard a scanner' },
      says:
        entries.length === 0
          ? 'None yet'
          : hasBoth
            ? hasScanned
              ? 'Entry and exit have scanned'
              : 'Scan a code at each'
            : 'An entry and an exit are needed',
      ...{ isBegun: entries.length > 0, isDone: hasScanned }
    },
    ...(may('qr-keys:read')
      ? [
          {
            ...{ title: 'QR keys', icon: 'key' as const, to: '/qr-keys/new', action: 'Add a key' },
            says: keys.data?.items.length ? `${keys.data.items.length} may sign codes` : 'Without one no code is valid',
            ...{ isBegun: false, isDone: (keys.data?.items.length ?? 0) > 0 }
          }
        ]
      : []),
    {
      ...{ title: 'Cameras', icon: 'camera', to: '/start/camera', action: 'Onboard a camera' },
      says: seeing.length === 0 ? 'None yet: review goes by weight alone' : `${recording.length} of ${seeing.length} recording`,
      ...{ isBegun: seeing.length > 0, isDone: seeing.length > 0 && recording.length === seeing.length }
    },
    {
      ...{ title: 'Open the store', icon: 'door', to: '/live', action: 'To the store mode' },
      says: store.data.mode === 'CUSTOMER_MODE' ? 'Customers can come in' : 'Customers cannot come in yet',
      ...{ isBegun: false, isDone: store.data.mode === 'CUSTOMER_MODE' }
    }
  ]
}

const inService = <T extends { retiredAt: string | null }>(rows: T[]) => rows.filter(({ retiredAt }) => !retiredAt)
const unplanned = (machines: Machine[], planograms: Map<string, { facings: unknown[] }>) =>
  machines.find(({ machineId }) => (planograms.get(machineId)?.facings.length ?? 0) === 0)?.machineId
