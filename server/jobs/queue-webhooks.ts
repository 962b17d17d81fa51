/** Follows the event log: what each webhook is to be told. */
import { queueDeliveries } from '#server/domain/webhook/actions.ts'
import type { Job } from './timetable.ts'

export const queueWebhooksJob: Job = { name: 'queue-webhooks', everyMs: 1000, onEvents: true, run: queueDeliveries }
