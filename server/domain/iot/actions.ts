/** The iot room's door: machines and scales, device messages, machine sessions, commands, alarms. Each is told in the file it comes from. */
import type { Context } from '#server/context.ts'
import { intakeOf } from './intakes.ts'
import type { ChangeMessage, Durable, HeartbeatMessage, SamplesMessage } from './messages.ts'

export { watchClock } from './clock-watch.ts'
export { answerCommand, expireCommands, readCommand, sendCommand } from './commands.ts'
export { machineByKey, machineByKeyHash, openShelves } from './intakes.ts'
export { cutMachineSessions, rotateMachineSessions } from './machine-sessions.ts'
export {
  addMachine,
  changeMachine,
  isOnboarded,
  listMachines,
  readMachine,
  reloadMachineKeys,
  retireMachine,
  rotateMachineKey
} from './machines.ts'
export type { ChangeMessage, Durable, HeartbeatMessage, MessageHead, SamplesMessage, ScaleReading } from './messages.ts'
export { allSpots, putMachinePlace, readMachinePlace } from './places.ts'
export { changeScale, listScales, refreshThresholds } from './scales.ts'
export { forgetOldShifts, type ShelfFacts, shelfFacts, usualIntervalOf } from './shelf-facts.ts'
export {
  balancesDuring,
  listMachineSessions,
  listWeightChanges,
  readMachineSession,
  type SessionBalance,
  type ShelfChange,
  shelfChangeOf
} from './shelf-lists.ts'
export { isMachineOnline, lastHeardAt, machineLost, watchMachines } from './watch.ts'

/** Takes a heartbeat: null when it changed nothing, else a promise that resolves once what it changed is durable. Throws NotFound, Unavailable, NoSpace. */
export const recordHeartbeat = (ctx: Context, message: HeartbeatMessage): Durable => intakeOf(ctx).heartbeat(message)
/** Takes raw samples; as recordHeartbeat. */
export const recordSamples = (ctx: Context, message: SamplesMessage): Durable => intakeOf(ctx).samples(message)
/** Takes a change that the machine settled itself; as recordHeartbeat. */
export const recordChange = (ctx: Context, message: ChangeMessage): Promise<void> => intakeOf(ctx).change(message)
/** Rows that no reading confirmed for 10 s stand. Returns how many. */
export const settleOverdueChanges = (ctx: Context): Promise<number> => intakeOf(ctx).settleOverdue()
