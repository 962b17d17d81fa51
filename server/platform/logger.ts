/** The process's log: pino, one JSON object a line, fields first, then a short lower-case sentence. */
import { type Logger, pino } from 'pino'

export type { Logger }

/** Opens the log at `level` on standard output; credentials never get into a line. */
export function openLogger(level: string, destination: 1 | 2 = 1): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.token', '*.deviceKey'],
        censor: '[redacted]'
      }
    },
    pino.destination({ fd: destination, sync: false })
  )
}
