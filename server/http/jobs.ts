/** Background jobs: the timetable, as it is kept. */
import { JobList } from '#contracts/api/jobs.ts'
import { listJobRuns } from '#server/platform/job-runs.ts'
import type { Resource } from './app.ts'

export const jobs: Resource = (app, ctx) => {
  const list = { summary: 'The timetable with last and next runs', tags: ['jobs'], response: { 200: JobList } }
  app.get('/jobs', { schema: list, config: { access: 'jobs:read' } }, async () => ({
    items: await listJobRuns(ctx.pool),
    nextCursor: null
  }))
}
