/** Mounts the fake shop in a store through its API: products, machines with planograms, scanners and the key that signs codes. Done twice, it only makes new keys. */
import type { NewScanner, Scanner, ScannerTag } from '#contracts/api/scanners.ts'
import type { StaffApi } from './api.ts'
import { type CodeKey, freshKey, SIMULATED_KEY } from './codes.ts'
import { floorOf } from './floor.ts'
import type { MachineSpec, ProductSpec } from './machine.ts'
import type { Scenario } from './scenarios/index.ts'
import type { ScannerSpec } from './stage.ts'

export type Onboarded = {
  storeId: string
  /** Product ids by sku. */
  products: Record<string, string>
  /** Device keys by machineId. */
  machines: Record<string, string>
  /** By the scanner's name. */
  scanners: Record<string, { scannerId: string; deviceKey: string; tag: ScannerTag }>
  /** Of a shop that has one. */
  tracker: { trackerId: string; deviceKey: string } | null
  key: CodeKey
}

const TRACKER = 'ceiling'

/** Throws ApiError when the store refuses a step. */
export async function onboard(
  api: StaffApi,
  { products, machines, scanners, hasTracker = false }: Pick<Scenario, 'products' | 'machines' | 'scanners' | 'hasTracker'>
): Promise<Onboarded> {
  const { storeId } = await api.call<{ storeId: string }>('GET', '/store')
  const productIds = await onboardProducts(api, products)
  const deviceKeys: Record<string, string> = {}
  for (const machine of machines) {
    deviceKeys[machine.machineId] = await onboardMachine(api, machine)
    await putPlanogram(api, machine, productIds)
  }
  const doors = await onboardScanners(api, scanners)
  return {
    storeId,
    products: productIds,
    machines: deviceKeys,
    scanners: doors,
    tracker: hasTracker ? await onboardTracker(api, { machines, doors }) : null,
    key: await onboardKey(api)
  }
}

async function onboardProducts(api: StaffApi, products: ProductSpec[]): Promise<Record<string, string>> {
  const known = await api.all<{ id: string; sku: string }>('/products')
  const ids = Object.fromEntries(known.map((p) => [p.sku, p.id]))
  for (const product of products) ids[product.sku] ??= (await api.call<{ id: string }>('POST', '/products', product)).id
  return ids
}

/** Answers the machine's device key: its first, or a new one when the machine is there already. */
async function onboardMachine(api: StaffApi, { machineId, displayName, kind }: MachineSpec): Promise<string> {
  const made = await api.send<{ deviceKey: string }>('POST', '/machines', { machineId, displayName, kind })
  if (made.status === 201) return made.body.deviceKey
  return (await api.call<{ deviceKey: string }>('POST', `/machines/${machineId}/device-key`, {})).deviceKey
}

async function putPlanogram(
  api: StaffApi,
  { machineId, facings }: MachineSpec,
  productIds: Record<string, string>
): Promise<void> {
  const body = { facings: facings.map(({ sku, scaleIds }) => ({ productId: productIds[sku], scaleIds })) }
  await api.call('PUT', `/machines/${machineId}/planogram`, body)
}

async function onboardScanners(api: StaffApi, scanners: ScannerSpec[]): Promise<Onboarded['scanners']> {
  const known = await api.all<Scanner>('/scanners')
  const done: Onboarded['scanners'] = {}
  for (const { name, tag } of scanners) {
    const old = known.find((s) => s.name === name && s.tag === tag)
    const { id, deviceKey } = old
      ? { ...old, ...(await api.call<{ deviceKey: string }>('POST', `/scanners/${old.id}/device-key`, {})) }
      : await api.call<NewScanner>('POST', '/scanners', { name, tag })
    done[name] = { scannerId: id, deviceKey, tag }
  }
  return done
}

/** A tracker of former runs is retired; the floor plan is put down anew. */
async function onboardTracker(
  api: StaffApi,
  { machines, doors }: { machines: MachineSpec[]; doors: Onboarded['scanners'] }
): Promise<Onboarded['tracker']> {
  const floor = floorOf(machines)
  for (const [machineId, spots] of floor.spots) await api.call('PUT', `/machines/${machineId}/place`, { spots })
  for (const { scannerId, tag } of Object.values(doors)) await api.call('PUT', `/scanners/${scannerId}/place`, floor.doors[tag])
  const known = await api.all<{ id: string; name: string }>('/trackers')
  for (const { id, name } of known) if (name === TRACKER) await api.send('DELETE', `/trackers/${id}`)
  const { id, deviceKey } = await api.call<{ id: string; deviceKey: string }>('POST', '/trackers', { name: TRACKER })
  return { trackerId: id, deviceKey }
}

/** A fresh key each time; those of former runs, which nobody holds any more, are removed. */
async function onboardKey(api: StaffApi): Promise<CodeKey> {
  const known = await api.all<{ kid: string }>('/qr-keys')
  const key = freshKey()
  await api.call('POST', '/qr-keys', { jwk: key.publicJwk })
  for (const { kid } of known) if (kid.startsWith(SIMULATED_KEY)) await api.send('DELETE', `/qr-keys/${encodeURIComponent(kid)}`)
  return key
}
