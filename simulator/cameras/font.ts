/** The lettering of the cameras' pictures: ASCII on a grid of 5 × 9, the baseline under the seventh row. */

/** From the space to the tilde: nine rows each, a row as one digit of base 32. */
const GLYPHS = `
000000000 444440400 aa0000000 aavavaa00 4fke5u400 pp248jj00 cik8lid00 440000000 248884200 842224800 04lel4000 044v44000
000000448 000e00000 000000400 11248gg00 ehhlhhe00 4c4444e00 eh1248v00 u11e11u00 26aiv2200 vgu11he00 egguhhe00 v12448800
ehhehhe00 ehhf11e00 004004000 004004480 248g84200 00v0v0000 842124800 eh1240400 ehnlnge00 4ahhvhh00 uhhuhhu00 ehggghe00
uhhhhhu00 vgguggv00 vgguggg00 ehgnhhe00 hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hhpljhh00 ehhhhhe00
uhhuggg00 ehhhlid00 uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhha400 hhhllrh00 hha4ahh00 hha444400 v1248gv00 e88888e00
gg8421100 e22222e00 4ah000000 000000v00 840000000 00e1fhf00 gguhhhu00 00fgggf00 11fhhhf00 00ehvgf00 344f44400 00fhhhf1e
gguhhhh00 404444400 20222222c ggikoki00 888888400 00ullll00 00uhhhh00 00ehhhe00 00uhhhugg 00fhhhf11 00mpggg00 00fge1u00
44v444300 00hhhhf00 00hhha400 00hhlla00 00ha4ah00 00hhhhf1e 00v248v00 344844300 444444440 o44244o00 009m00000
`
  .trim()
  .split(/\s+/)

export const ROWS = 9
export const CAP_ROWS = 7
export const COLUMNS = 5

/** Which points of the grid are set, as [column, row]. What the font does not have is a question mark. */
export function pointsOf(char: string): [number, number][] {
  const rows = GLYPHS[char.charCodeAt(0) - 32] ?? GLYPHS['?'.charCodeAt(0) - 32]!
  return [...rows].flatMap((digit, row) =>
    Array.from({ length: COLUMNS }, (_, column) => column)
      .filter((column) => Number.parseInt(digit, 32) & (16 >> column))
      .map((column): [number, number] => [column, row])
  )
}
