/** A QR token read by a scanner, over MQTT, and the door's answer on the scanner's result topic. */
import { type Static, Type } from 'typebox'
import { DeviceTime } from './heartbeat.ts'

/** What the scanner read. The box's own clock decides what is valid: `at` is the scanner's and only for people. */
export const Scan = Type.Object(
  { token: Type.String({ maxLength: 16_384, description: 'compact JWS' }), at: Type.Optional(DeviceTime) },
  { description: 'unknown fields are ignored' }
)
export type Scan = Static<typeof Scan>

export const scanTopic = (storeId: string, scannerId: string) => `store/${storeId}/scanner/${scannerId}/scan`
export const scanResultTopic = (storeId: string, scannerId: string) => `store/${storeId}/scanner/${scannerId}/result`
