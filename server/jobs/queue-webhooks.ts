/** Follows the event log: what each webhook is to be told. */
import { queueDeliveries } from '#server/domain/webhook/actions.ts'
import type { Job } from './timetable.ts'

/** Not at each event: a busy store writes hundreds a second, and a webhook may hear half a second later. */
export const queueWebhooksJob: Job = { name: 'queue-webhooks', everyMs: 500, run: queueDeliveries }
