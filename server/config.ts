/** Environment → frozen Config, validated; the only reader of process.env. Settings and defaults: README, "Settings". */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAccessKey } from '#server/platform/s3/access-key.ts'

/** A setting that stops the start; the message is the one line a person sees. */
export class ConfigError extends Error {}

type Env = Record<string, string | undefined>
const fail = (name: string, why: string): never => {
  throw new ConfigError(`setting ${name}: ${why}`)
}
const text = (env: Env, name: string, fallback: string) => env[name]?.trim() || fallback
const optional = (env: Env, name: string) => env[name]?.trim() || null

function number(env: Env, name: string, fallback: number, range: { min: number; max: number; whole?: boolean }): number {
  const raw = env[name]?.trim()
  if (!raw) return fallback
  const value = Number(raw)
  const { min, max, whole = true } = range
  if (!Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value)))
    fail(name, `"${raw}" is not a ${whole ? 'whole ' : ''}number from ${min} to ${max}`)
  return value
}
function choice<T extends string>(env: Env, name: string, options: readonly [T, ...T[]]): T {
  const raw = text(env, name, options[0])
  return options.find((o) => o === raw) ?? fail(name, `"${raw}" is not one of ${options.join(', ')}`)
}
const flag = (env: Env, name: string) => choice(env, name, ['false', 'true']) === 'true'
function url(env: Env, name: string, protocols: string[]): string | null {
  const raw = optional(env, name)
  if (raw && !protocols.includes(URL.parse(raw)?.protocol ?? ''))
    fail(name, `must be a URL starting with ${protocols.join('// or ')}//`)
  return raw
}
function file(env: Env, name: string): string | null {
  const raw = optional(env, name)
  if (raw && !existsSync(raw)) fail(name, `there is no file ${raw}`)
  return raw
}
function zone(env: Env): string {
  const raw = text(env, 'TIME_ZONE', 'Asia/Kolkata')
  try {
    return new Intl.DateTimeFormat('en', { timeZone: raw }).resolvedOptions().timeZone && raw
  } catch {
    return fail('TIME_ZONE', `"${raw}" is not an IANA time zone such as Asia/Kolkata`)
  }
}
const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\./.test(host)

/** Where videos of tickets are uploaded to; null: nowhere. */
function s3(env: Env) {
  const names = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_FILE'] as const
  const [endpoint, bucket, accessKeyFile] = names.map((name) => optional(env, name))
  const region = text(env, 'S3_REGION', 'us-east-1')
  const mbitPerSecond = number(env, 'S3_MBIT_PER_SECOND', 8, { min: 0.1, max: 10_000, whole: false })
  if (!endpoint && !bucket && !accessKeyFile) return null
  for (const name of names) if (!optional(env, name)) fail(name, `missing: ${names.join(', ')} go together`)
  const place = URL.parse(endpoint!)
  const isBare = place && place.href === `${place.origin}/`
  if (!isBare || !['http:', 'https:'].includes(place.protocol))
    fail('S3_ENDPOINT', 'must be the store alone, without bucket, path or password: https://HOST or https://HOST:PORT')
  if (place!.protocol === 'http:' && !isLoopback(place!.hostname.replace(/[[\]]/g, '')) && !flag(env, 'ALLOW_PLAIN_LAN'))
    fail('S3_ENDPOINT', 'videos go out in plain text: use https://, or ALLOW_PLAIN_LAN=true with a store on a closed network')
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket!))
    fail('S3_BUCKET', 'must be 3 to 63 lower-case letters, digits, dots and dashes')
  if (!/^[a-z0-9-]{1,64}$/.test(region)) fail('S3_REGION', 'must be lower-case letters, digits and dashes, such as eu-west-1')
  return Object.freeze({
    endpoint: place!.origin,
    bucket: bucket!,
    region,
    accessKeyFile: accessKeyOf(accessKeyFile!),
    mbitPerSecond
  })
}
function accessKeyOf(path: string): string {
  const isKey = parseAccessKey(readable('S3_ACCESS_KEY_FILE', path))
  return isKey
    ? resolve(path)
    : fail('S3_ACCESS_KEY_FILE', `${path} must hold the key's id on its first line and its secret on the second`)
}
function readable(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return fail(name, `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** Reads and checks every setting, of the environment (and .env) unless given. Throws ConfigError with one line that names the wrong one. */
export function readConfig(given: Env | null = null, overrides: Env = {}) {
  if (given === null && existsSync('.env')) process.loadEnvFile('.env')
  const env = { ...(given ?? process.env), ...overrides }
  const whole = (name: string, fallback: number, min: number, max: number) => number(env, name, fallback, { min, max })
  const part = (name: string, fallback: number, min: number, max: number) =>
    number(env, name, fallback, { min, max, whole: false })
  const dataDir = resolve(text(env, 'DATA_DIR', './data'))
  const currency = text(env, 'CURRENCY', 'INR')
  if (!Intl.supportedValuesOf('currency').includes(currency))
    fail('CURRENCY', `"${currency}" is not an ISO 4217 code such as INR`)
  const storeId = optional(env, 'STORE_ID')
  if (storeId && !/^[A-Za-z0-9._-]{1,64}$/.test(storeId))
    fail('STORE_ID', 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  // biome-ignore format: one group of settings a line
  const config = {
    host: text(env, 'HOST', '127.0.0.1'), port: whole('PORT', 8000, 0, 65_535), dataDir,
    tlsCertFile: file(env, 'TLS_CERT_FILE'), tlsKeyFile: file(env, 'TLS_KEY_FILE'), allowPlainLan: flag(env, 'ALLOW_PLAIN_LAN'),
    databaseUrl: url(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    mqttHost: text(env, 'MQTT_HOST', '127.0.0.1'), mqttPort: whole('MQTT_PORT', 1883, 0, 65_535), mqttUrl: url(env, 'MQTT_URL', ['mqtt:', 'mqtts:']),
    storeId, storeName: text(env, 'STORE_NAME', 'My store'), timeZone: zone(env), currency,
    machineSessionSeconds: whole('MACHINE_SESSION_SECONDS', 300, 5, 86_400), clipSeconds: whole('CLIP_SECONDS', 300, 5, 3600),
    changeThresholdGrams: whole('CHANGE_THRESHOLD_GRAMS', 30, 1, 10_000), ticketWindow: choice(env, 'TICKET_WINDOW', ['visit', 'machine-session']),
    autoReview: choice(env, 'AUTO_REVIEW', ['empty', 'off', 'confident']), autoReviewConfidence: part('AUTO_REVIEW_CONFIDENCE', 0.98, 0, 1),
    autoReviewSample: part('AUTO_REVIEW_SAMPLE', 0.05, 0, 1), reviewLeaseSeconds: whole('REVIEW_LEASE_SECONDS', 600, 5, 86_400), contestDays: part('CONTEST_DAYS', 14, 0.01, 3650),
    qrKeysFile: resolve(text(env, 'QR_KEYS_FILE', join(dataDir, 'keys', 'qr.json'))), qrMaxAgeSeconds: whole('QR_MAX_AGE_SECONDS', 300, 1, 86_400),
    clipQuotaGb: part('CLIP_QUOTA_GB', 50, 0.1, 1e6), clipRetentionDays: part('CLIP_RETENTION_DAYS', 30, 0.01, 36_500), clipFreeSpaceGb: part('CLIP_FREE_SPACE_GB', 5, 0, 1e6), s3: s3(env), ffmpegPath: file(env, 'FFMPEG_PATH'),
    allowAnonymousDevices: flag(env, 'ALLOW_ANONYMOUS_DEVICES'), deviceRatePerSecond: whole('DEVICE_RATE_PER_SECOND', 2000, 1000, 1e6),
    personalDataDays: whole('PERSONAL_DATA_DAYS', 365, 1, 36_500), backupPassphrase: optional(env, 'BACKUP_PASSPHRASE'),
    superuserPassword: optional(env, 'SUPERUSER_PASSWORD'), logLevel: choice(env, 'LOG_LEVEL', ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'])
  }
  if (!config.tlsCertFile !== !config.tlsKeyFile)
    fail(config.tlsCertFile ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE', 'certificate and key go together: set both or neither')
  const isExposed = !isLoopback(config.host) ? 'HOST' : !config.mqttUrl && !isLoopback(config.mqttHost) ? 'MQTT_HOST' : null
  if (isExposed && !config.tlsCertFile && !config.allowPlainLan)
    fail(isExposed, 'to listen beyond loopback set TLS_CERT_FILE and TLS_KEY_FILE, or ALLOW_PLAIN_LAN=true on a closed network')
  return Object.freeze(config)
}
export type Config = ReturnType<typeof readConfig>
