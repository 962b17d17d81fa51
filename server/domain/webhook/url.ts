/**
 * Where deliveries may go. The box stands in a network of its own, among machines and cameras that trust it, so a URL is more than a
 * setting: plain text stays in that network, nothing goes to addresses that mean this link, everybody or nobody (169.254.169.254 is where
 * clouds keep their machines' keys), and what a name leads to is looked at again at each connection. Pure.
 */
import { BlockList, isIP } from 'node:net'
import { Invalid } from '#server/platform/errors.ts'

const kindOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
const PRIVATE = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '::1/128', 'fc00::/7']
const NEVER = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128'
]
const [own, never] = [listOf(PRIVATE), listOf(NEVER)]

/** Throws Invalid `url` for what no delivery may go to. */
export function checkUrl(text: string): void {
  const fail = (why: string): never => {
    throw new Invalid('url', why)
  }
  const url = URL.parse(text)
  if (!url || !['https:', 'http:'].includes(url.protocol) || /[\s\p{Cc}]/u.test(text))
    return fail('must be a URL that starts with https://, or http:// within your own network, and has no spaces')
  if (url.username || url.password)
    return fail('must hold no user and password: the receiver knows the box by the signature of each delivery')
  if (url.hash) return fail('must hold no #: what comes after it is never sent')
  const host = hostOf(url)
  if (isIP(host) && isNever(host)) return fail(`${host} is an address that no program can be reached at`)
  if (url.protocol === 'http:' && host !== 'localhost' && !isPrivate(host))
    return fail(
      `${host} would be told in plain text: use https://, or the address of a program on this box or in its own network`
    )
}

/** May a connection for `url` go to this address? */
export function mayReach(url: string, address: string): boolean {
  return !isNever(address) && (url.startsWith('https:') || isPrivate(address))
}

/** The host alone: what of a URL people and logs see, since its path may hold a secret. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

const isPrivate = (address: string): boolean => isIP(address) > 0 && own.check(address, kindOf(address))
const isNever = (address: string): boolean => never.check(address, kindOf(address))

function listOf(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string]
    list.addSubnet(address, Number(bits), kindOf(address))
  }
  return list
}
