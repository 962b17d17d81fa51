/** Environment → frozen Config, validated; the only reader of process.env. Settings and defaults: README, "Settings". */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

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
    autoReviewSample: part('AUTO_REVIEW_SAMPLE', 0.05, 0, 1), reviewLeaseSeconds: whole('REVIEW_LEASE_SECONDS', 600, 5, 86_400),
    qrKeysFile: resolve(text(env, 'QR_KEYS_FILE', join(dataDir, 'keys', 'qr.json'))), qrMaxAgeSeconds: whole('QR_MAX_AGE_SECONDS', 300, 1, 86_400),
    clipQuotaGb: part('CLIP_QUOTA_GB', 50, 0.1, 1e6), clipRetentionDays: part('CLIP_RETENTION_DAYS', 30, 0.01, 36_500), clipFreeSpaceGb: part('CLIP_FREE_SPACE_GB', 5, 0, 1e6), ffmpegPath: file(env, 'FFMPEG_PATH'),
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
