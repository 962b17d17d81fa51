/** IN, from devices: every kind of message there is, one line each. HTTP and MQTT share them. */
import type { Context } from '#server/context.ts'
import { handleChange } from './change.ts'
import { handleCommandAck } from './command.ts'
import { handleHeartbeat } from './heartbeat.ts'
import { handlePositions } from './positions.ts'
import { handleSamples } from './samples.ts'
import { handleScanMessage } from './scan.ts'

/** `deviceId`: whose credential it came with, null without one. `isDuplicate`: the sender says that it sends it again. */
export type DeviceMessage = { deviceId: string | null; body: unknown; receivedMs: number; isDuplicate: boolean }
/** Resolves (or null) once durable. Throws Invalid or NotFound for what would be no better sent again, Unavailable or NoSpace for what would. */
export type Handler = (ctx: Context, message: DeviceMessage) => Promise<void> | null

/** Device kind and channel of the topic → who takes it. */
export const MESSAGES: Record<string, Handler> = {
  'machine/heartbeat': handleHeartbeat,
  'machine/samples': handleSamples,
  'machine/change': handleChange,
  'machine/command/ack': handleCommandAck,
  'scanner/scan': handleScanMessage,
  'tracker/positions': handlePositions
}
