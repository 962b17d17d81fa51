/** Stream URLs: which ones a camera may have, and what of them people and logs may see. Pure. */
import { Invalid } from '#server/platform/errors.ts'

const PROTOCOLS = ['rtsp:', 'rtsps:', 'rtmp:', 'rtmps:', 'test:']
const MASK = '***'
const SECRET_NAMES = 'pass|passwd|password|pwd|pw|psw|auth|token|key|secret|sig|signature'
/** `password=…` in a query, and in a path, where some cameras want it. */
const SECRET_PARTS = new RegExp(`((?:^|[?&;/_])(?:[a-z]*)(?:${SECRET_NAMES})=)([^&;/?#]+)`, 'gi')

/** Throws Invalid for what is no stream of a camera: anything but RTSP, RTMP and the test picture; above all, no file. */
export function checkStreamUrl(text: string): void {
  const fail = (why: string) => {
    throw new Invalid('streamUrl', why)
  }
  const url = URL.parse(text)
  if (/[\s\p{Cc}'"\\]/u.test(text)) fail('must not hold spaces, quotes or backslashes: write them as %20, %27, %22, %5C')
  if (!url || !PROTOCOLS.includes(url.protocol)) return fail('must start with rtsp://, rtsps://, rtmp://, rtmps:// or test://')
  if (url.protocol !== 'test:' && !url.hostname) fail('names no camera: write rtsp://USER:PASSWORD@ADDRESS/PATH')
  if (text.includes(MASK)) fail(`holds ${MASK} where a password belongs: write the whole URL`)
}

/** The URL as people may see it. */
export function maskStreamUrl(text: string): string {
  const login = /^([a-z]+:\/\/)([^/?#]*)@/i.exec(text)
  if (!login) return text.replace(SECRET_PARTS, `$1${MASK}`)
  const user = login[2]!.includes(':') ? `${login[2]!.slice(0, login[2]!.indexOf(':'))}:${MASK}` : login[2]!
  const rest = text.slice(login[0].length)
  return `${login[1]}${user}@${rest.replace(SECRET_PARTS, `$1${MASK}`)}`
}

/** What a program said, without the secrets of the stream URL that it worked on. */
export function maskIn(words: string, streamUrl: string): string {
  const secrets = [...secretsOf(streamUrl)].sort((a, b) => b.length - a.length)
  return secrets.reduce((text, secret) => text.replaceAll(secret, MASK), words.replaceAll(streamUrl, maskStreamUrl(streamUrl)))
}

function* secretsOf(text: string): Generator<string> {
  const login = /^[a-z]+:\/\/([^/?#]*)@/i.exec(text)?.[1]
  const password = login?.includes(':') ? login.slice(login.indexOf(':') + 1) : ''
  const parts = [...text.matchAll(SECRET_PARTS)].map((match) => match[2]!)
  for (const secret of [password, ...parts]) {
    if (secret === '') continue
    yield secret
    try {
      yield decodeURIComponent(secret)
    } catch {
      // it was no percent-encoding: as it stands is all it is
    }
  }
}
