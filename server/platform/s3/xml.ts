/** The little XML that an S3 store speaks. */

const SIGNS = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const
type Sign = keyof typeof SIGNS

/** The text of the first element of that name; null when there is none. */
export function wordIn(xml: string, name: string): string | null {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, sign: Sign) => SIGNS[sign]) ?? null
}

/** The code of an error document; null when it is none. */
export function codeIn(xml: string): string | null {
  return /<Error>[\s\S]*?<Code>([A-Za-z0-9.-]{1,64})<\/Code>/.exec(xml)?.[1] ?? null
}

/** Text as it may stand in an element. */
export const escaped = (text: string): string =>
  text.replace(/[<>&"']/g, (sign) => `&${Object.entries(SIGNS).find(([, plain]) => plain === sign)![0]};`)
