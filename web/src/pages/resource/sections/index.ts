/** What a resource's page shows beside its facts and its history. */
import type { ComponentType } from 'react'
import type { Row } from '#web/resources/types.ts'
import { CameraPicture } from './camera-picture.tsx'
import { CartLines } from './cart-lines.tsx'
import { MachineRefusals, ScannerRefusals } from './device-refusals.tsx'
import { MachineDay } from './machine-day.tsx'
import { MachineScales } from './machine-scales.tsx'
import { MachineSessionScales } from './machine-session-scales.tsx'
import { ProductPhoto } from './product-photo.tsx'
import { TicketEvidence } from './ticket-evidence.tsx'
import { UserVisits } from './user-visits.tsx'
import { VideoPlayer } from './video-player.tsx'
import { VisitTickets } from './visit-tickets.tsx'
import { WebhookDeliveries } from './webhook-deliveries.tsx'

export type Section = { label: string; right?: string; Component: ComponentType<{ row: Row }> }
export const SECTIONS: Record<string, Section[]> = {
  visits: [
    { label: 'Tickets', Component: VisitTickets },
    { label: 'Cart', right: 'carts:read', Component: CartLines }
  ],
  tickets: [{ label: 'Evidence', Component: TicketEvidence }],
  machines: [
    { label: 'Scales', right: 'scales:read', Component: MachineScales },
    { label: '24 hours', right: 'machine-sessions:read', Component: MachineDay },
    { label: 'Refused', Component: MachineRefusals }
  ],
  scanners: [{ label: 'Refused', Component: ScannerRefusals }],
  cameras: [{ label: 'Picture', Component: CameraPicture }],
  products: [{ label: 'Photo', Component: ProductPhoto }],
  users: [{ label: 'Visits', right: 'visits:read', Component: UserVisits }],
  'machine-sessions': [{ label: 'Books', Component: MachineSessionScales }],
  videos: [{ label: 'Picture', Component: VideoPlayer }],
  webhooks: [{ label: 'Deliveries', Component: WebhookDeliveries }]
}
