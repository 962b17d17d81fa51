/** A machine and the commands it is sent: it obeys, refuses, or says nothing. */
import { type Command, type CommandAck, commandAckTopic, commandTopic } from '#contracts/device/command.ts'
import type { DeviceLine } from '#simulator/line.ts'
import type { Machine } from '#simulator/machine.ts'
import { tare } from '#simulator/shelf.ts'

/** Carries a command out at a moment of the story. Null = the machine keeps silent. */
export function answerTo(machine: Machine, { id, command, scaleId }: Command, ms: number): CommandAck | null {
  if (machine.spec.commands === 'ignores') return null
  if (machine.spec.commands === 'refuses') return { id, ok: false, reason: 'door is not closed' }
  if (command !== 'tare') machine.isLocked = command === 'lock'
  else if (!tareScales(machine, scaleId, ms)) return { id, ok: false, reason: `no scale ${scaleId}` }
  return { id, ok: true }
}

function tareScales(machine: Machine, scaleId: string | undefined, ms: number): boolean {
  const meant = machine.shelf.scales
    .map((s, index) => ({ s, index }))
    .filter(({ s }) => scaleId === undefined || s.scaleId === scaleId)
  for (const { index } of meant) {
    tare(machine.shelf, index, ms)
    machine.toldGrams[index] = 0
  }
  return meant.length > 0
}

type Answering = { now: () => number; say: (line: string) => void }
/** Listens for commands from now on; `now` is the moment of the story. */
export function answerCommands(line: DeviceLine, machine: Machine, { now, say }: Answering): void {
  line.listen<Command>(commandTopic(line.storeId, line.deviceId), (command) => {
    const ack = answerTo(machine, command, now())
    const answer = ack === null ? 'says nothing' : ack.ok ? 'obeys' : `refuses: ${ack.reason}`
    say(`${machine.spec.displayName} is told to ${command.command} and ${answer}`)
    if (ack) line.publish(commandAckTopic(line.storeId, line.deviceId), ack)
  })
}
