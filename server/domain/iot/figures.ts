/** The figures of the ingest path, for Prometheus. */
import type { Context } from '#server/context.ts'

export function figuresOf({ metrics }: Context) {
  const messages = metrics.counter('niflr_device_messages_total', 'Device messages taken, by kind and outcome', [
    'kind',
    'outcome'
  ])
  const outcomes = (kind: string) => ({
    counted: messages.labels({ kind, outcome: 'counted' }),
    old: messages.labels({ kind, outcome: 'old' })
  })
  return {
    heartbeat: outcomes('heartbeat'),
    samples: outcomes('samples'),
    change: outcomes('change'),
    changes: metrics.counter('niflr_weight_change_versions_total', 'Weight change rows written, each version counted'),
    batch: metrics.histogram('niflr_commit_messages', 'Messages that shared one commit', [1, 2, 5, 10, 20, 50, 100, 200, 500]),
    commit: metrics.histogram(
      'niflr_commit_seconds',
      'Duration of an ingest commit',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2]
    ),
    failed: metrics.counter(
      'niflr_commit_failures_total',
      'Ingest commits that failed; their messages were refused, or taken again one by one'
    )
  }
}
