/**
 * Which message is new: order within a device is (boot, seq), never wall time. A boot is named by `bootId`; without one a lower
 * `seq` is an old message, unless the machine was silent for 60 s: then it has booted. A message with neither is always new.
 */

export type Sequence = { bootId: string | null; pastBootIds: string[]; epoch: number; lastSeq: number | null }
export type Position = { bootId: string | null; seq: number | null }

export const UNBOOTED: Sequence = { bootId: null, pastBootIds: [], epoch: 0, lastSeq: null }
const REBOOT_SILENCE_MS = 60_000
const BOOTS_KEPT = 32

/** The sequence after this message, or null when it is a duplicate or an old one and must change nothing. */
export function accept(sequence: Sequence, { bootId, seq }: Position, silentMs: number): Sequence | null {
  if (bootId !== null && bootId !== sequence.bootId) {
    if (sequence.pastBootIds.includes(bootId)) return null
    return startBoot(sequence, bootId, seq)
  }
  if (seq === null) return sequence
  if (sequence.lastSeq === null || seq > sequence.lastSeq) return { ...sequence, lastSeq: seq }
  return bootId === null && seq < sequence.lastSeq && silentMs >= REBOOT_SILENCE_MS ? startBoot(sequence, null, seq) : null
}

function startBoot(sequence: Sequence, bootId: string | null, seq: number | null): Sequence {
  const past = sequence.bootId === null ? sequence.pastBootIds : [...sequence.pastBootIds, sequence.bootId].slice(-BOOTS_KEPT)
  return { bootId, pastBootIds: past, epoch: sequence.epoch + 1, lastSeq: seq }
}
