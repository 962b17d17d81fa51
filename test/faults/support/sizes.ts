/** How often each fault strikes: CI size by default; FAULT_ROUNDS=release for the published figures, FAULT_ROUNDS=n for n rounds of each. */
const asked = process.env.FAULT_ROUNDS?.trim() ?? ''

/** Rounds of one fault. */
export function rounds(ci: number, release: number): number {
  if (asked === '') return ci
  return asked === 'release' ? release : Math.max(1, Math.floor(Number(asked)) || ci)
}

/** A number from `least` to `most`, for moments that nobody has chosen. */
export const between = (least: number, most: number): number => least + Math.random() * (most - least)
