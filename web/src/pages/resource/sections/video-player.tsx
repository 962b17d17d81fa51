/** A video, played from its camera's playlist; its gaps with their causes. */
import type { Video } from '#contracts/api/videos.ts'
import { withQuery } from '#web/api.ts'
import { fullMoment } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { HlsVideo } from '#web/ui/hls.tsx'
import { Empty } from '#web/ui/notice.tsx'

export function VideoPlayer({ row }: { row: Row }) {
  const { cameraId, startTime, endTime, removedFor, isMissing, gaps } = row as unknown as Video
  if (removedFor || isMissing)
    return <Empty title={removedFor ? 'It was removed: too old, or no space for it' : 'Its file is gone from the disk'} />
  const to = endTime ?? new Date().toISOString().replace(/\.\d+/, '.000')
  const src = withQuery(`/api/v1/cameras/${cameraId}/playlist.m3u8`, { from: startTime, to })
  const file = withQuery(`/api/v1/cameras/${cameraId}/export.mp4`, { from: startTime, to })
  return (
    <div className="body stack">
      <HlsVideo src={src} controls className="film" aria-label="The video" />
      <div>
        <a className="button" href={file} download>
          Save as MP4
        </a>
      </div>
      {gaps.map((gap) => (
        <p key={gap.from} className="soft num">
          Nothing from {fullMoment(gap.from)} to {gap.to ? fullMoment(gap.to) : 'now'}: {gap.cause}
        </p>
      ))}
    </div>
  )
}
