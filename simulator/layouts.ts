/** The fake shop's furniture: what it sells, and which machines hold it. Weights in grams, money in minor units. */
import type { FacingSpec, MachineSpec, ProductSpec } from './machine.ts'
import type { ScannerSpec } from './stage.ts'

const product = (sku: string, name: string, [weightGrams, priceMinor]: [number, number]): ProductSpec => ({
  sku,
  barcode: `20${sku.slice(-3).padStart(10, '0')}`,
  name,
  weightGrams,
  weightToleranceGrams: Math.max(2, Math.round(weightGrams * 0.03)),
  priceMinor
})

export const PRODUCTS: ProductSpec[] = [
  product('SNK-101', 'Sesame bar', [24, 2000]),
  product('SNK-102', 'Salted crisps', [26, 2000]),
  product('SNK-103', 'Roasted chickpeas', [30, 2500]),
  product('SNK-104', 'Spiced peanuts', [32, 1500]),
  product('SNK-105', 'Coconut biscuits', [35, 3000]),
  product('SNK-106', 'Masala popcorn', [28, 3500]),
  product('SNK-107', 'Oat cookies', [75, 4500]),
  product('SNK-108', 'Dark chocolate', [52, 9000]),
  product('DRK-201', 'Spring water', [518, 2000]),
  product('DRK-202', 'Lemon soda', [348, 4000]),
  product('DRK-203', 'Cola', [346, 4000]),
  product('DRK-204', 'Mango juice', [1052, 11_000]),
  product('DRK-205', 'Sweet lassi', [214, 3500]),
  product('DRK-206', 'Cold coffee', [236, 6000]),
  product('FRS-301', 'Paneer sandwich', [182, 9500]),
  product('FRS-302', 'Vegetable wrap', [221, 11_000]),
  product('FRS-303', 'Garden salad', [263, 14_000]),
  product('FRS-304', 'Fruit bowl', [204, 12_000]),
  product('FRS-305', 'Plain curd', [126, 3000]),
  product('PAN-401', 'Basmati rice', [1012, 16_500]),
  product('PAN-402', 'Pasta', [506, 9900]),
  product('PAN-403', 'Leaf tea', [256, 14_500]),
  product('PAN-404', 'Filter coffee', [204, 18_000]),
  product('PAN-405', 'Honey', [352, 19_900])
]

const facing = (sku: string, scaleIds: string, units: number): FacingSpec => ({ sku, scaleIds: scaleIds.split(' '), units })
type Manner = Partial<Pick<MachineSpec, 'transport' | 'reports' | 'firmware' | 'clock' | 'commands' | 'intervalMs'>>
const MANNER: Required<Manner> = {
  transport: 'mqtt',
  reports: 'heartbeats',
  firmware: 'current',
  clock: { offsetMs: 0, driftPpm: 0 },
  commands: 'obeys',
  intervalMs: 1000
}

const snackFacings = [
  facing('SNK-101', '001', 18),
  facing('SNK-102', '002', 14),
  facing('SNK-103', '003', 16),
  facing('SNK-104', '004', 16)
]
const sweetFacings = [
  facing('SNK-105', '005', 14),
  facing('SNK-106', '006', 14),
  facing('SNK-107', '007', 12),
  facing('SNK-108', '008', 12)
]
const drinkFacings = [
  facing('DRK-201', '001 002', 16),
  facing('DRK-202', '003', 10),
  facing('DRK-203', '004', 10),
  facing('DRK-204', '005 006', 8)
]
const dairyFacings = [facing('DRK-205', '007', 10), facing('DRK-206', '008', 10)]
const freshFacings = [
  facing('FRS-301', '001', 8),
  facing('FRS-302', '002 003', 10),
  facing('FRS-303', '004', 6),
  facing('FRS-304', '005', 6)
]
const pantryFacings = [
  facing('PAN-401', '001 002', 8),
  facing('PAN-402', '003', 8),
  facing('PAN-403', '004', 8),
  facing('PAN-404', '005', 8)
]

export const snackShelf = (manner: Manner = {}): MachineSpec => ({
  ...{
    machineId: 'snack-shelf',
    displayName: 'Snack shelf',
    kind: 'shelf' as const,
    facings: [...snackFacings, ...sweetFacings]
  },
  ...{ ...MANNER, ...manner }
})
export const drinksCooler = (manner: Manner = {}): MachineSpec => ({
  ...{
    machineId: 'drinks-cooler',
    displayName: 'Drinks cooler',
    kind: 'cooler' as const,
    facings: [...drinkFacings, ...dairyFacings]
  },
  ...{ ...MANNER, ...manner }
})
export const freshCabinet = (manner: Manner = {}): MachineSpec => ({
  ...{
    machineId: 'fresh-cabinet',
    displayName: 'Fresh cabinet',
    kind: 'cabinet' as const,
    facings: [...freshFacings, facing('FRS-305', '006', 10)]
  },
  ...{ ...MANNER, ...manner }
})
export const pantryShelf = (manner: Manner = {}): MachineSpec => ({
  ...{
    machineId: 'pantry-shelf',
    displayName: 'Pantry shelf',
    kind: 'shelf' as const,
    facings: [...pantryFacings, facing('PAN-405', '006 007', 8)]
  },
  ...{ ...MANNER, ...manner }
})

export const DOORS: ScannerSpec[] = [
  { name: 'Front door in', tag: 'ENTRY', transport: 'mqtt' },
  { name: 'Front door out', tag: 'EXIT', transport: 'http' }
]

/** The products that stand on these machines. */
export const productsOn = (machines: MachineSpec[]): ProductSpec[] => {
  const skus = new Set(machines.flatMap((m) => m.facings.map((f) => f.sku)))
  return PRODUCTS.filter((p) => skus.has(p.sku))
}
