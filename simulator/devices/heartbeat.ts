/** A machine's heartbeats: what they say, and how they get out (HTTP or MQTT). */
import { type Heartbeat, type HeartbeatBody, type HeartbeatRow, heartbeatTopic } from '#contracts/device/heartbeat.ts'
import type { DeviceLine } from '#simulator/line.ts'
import { deviceTime, type Machine, nextOrder } from '#simulator/machine.ts'
import { readSpan } from '#simulator/shelf.ts'

type Moment = { fromMs: number; toMs: number; startMs: number }
/** The heartbeat of an interval: least and greatest weight within it, and the last. */
export function heartbeatOf(machine: Machine, { fromMs, toMs, startMs }: Moment): HeartbeatBody {
  const { machineId, firmware, reports } = machine.spec
  const scales = machine.shelf.scales.map(({ scaleId }, index): HeartbeatRow => {
    const { min, max, last } = readSpan(machine.shelf, index, { fromMs, toMs })
    const current = reports === 'changes' ? machine.toldGrams[index]! : last
    return [scaleId, kilograms(Math.min(min, current)), kilograms(Math.max(max, current)), kilograms(current)]
  })
  const eventTime = deviceTime(machine, toMs, startMs)
  if (firmware === 'old') return envelope({ machineId, scales }, eventTime)
  return { machineId, scales, eventTime: eventTime.toISOString(), ...nextOrder(machine) }
}

const kilograms = (grams: number) => (Math.round(grams) / 1000).toFixed(3)

/** The old form: the same id and the same time in every one, and headers that say what the columns are. */
function envelope(heartbeat: Heartbeat, eventTime: Date): HeartbeatBody {
  const headers = ['scaleId', 'minWeight', 'maxWeight', 'currentWeight']
  return {
    id: 'b5c1f0c4-9b3e-4f0e-8c53-0d6f1f0b7a11',
    eventType: 'machine.heartbeat.logs',
    source: 'niflr-machine-api',
    eventTime: eventTime.toISOString().slice(0, 19).replace('T', ' '),
    payload: JSON.stringify({ ...heartbeat, format: 'CSV', headers })
  }
}

/** Sends it in its turn, and again until the store has taken it. */
export function sendHeartbeat(line: DeviceLine, body: HeartbeatBody): void {
  if (line.transport === 'http') line.post('/api/machines/heartbeat', body)
  else line.publish(heartbeatTopic(line.storeId, line.deviceId), body)
}
