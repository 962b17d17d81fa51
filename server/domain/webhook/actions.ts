/** The webhook room's door: programs elsewhere that are told of events, what waits for them, what they were told. */
export { type Sending, sendNext } from './attempts.ts'
export {
  forgetOldDeliveries,
  forgetUserInDeliveries,
  listDeliveries,
  replayDelivery,
  replaySpan,
  testWebhook
} from './deliveries.ts'
export { addWebhook, changeWebhook, findWebhook, listWebhooks, retireWebhook, rotateWebhookSecret } from './endpoints.ts'
export { dueEndpoints, waitingDeliveries } from './queries.ts'
export { onQueued, queueDeliveries } from './queue.ts'
export { type Result, WAITS, type Waits } from './rules.ts'
