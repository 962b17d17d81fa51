/** What a camera sees now, and its last two minutes. */
import { useState } from 'react'
import type { Camera } from '#contracts/api/cameras.ts'
import { withQuery } from '#web/api.ts'
import { bytes } from '#web/format.ts'
import type { Row } from '#web/resources/types.ts'
import { Button } from '#web/ui/button.tsx'
import { HlsVideo } from '#web/ui/hls.tsx'
import { Empty } from '#web/ui/notice.tsx'

const BACK_MS = 120_000

export function CameraPicture({ row }: { row: Row }) {
  const { id, name, state, stateReason, health } = row as unknown as Camera
  const [at, setAt] = useState(() => Date.now())
  const [isPlaying, setPlaying] = useState(false)
  const show = (play: boolean) => {
    setAt(Date.now())
    setPlaying(play)
  }
  if (state !== 'recording') return <Empty title="It is not being recorded">{stateReason}</Empty>
  const window = { from: new Date(at - BACK_MS).toISOString(), to: new Date(at).toISOString() }
  const playlist = withQuery(`/api/v1/cameras/${id}/playlist.m3u8`, window)
  return (
    <div className="body stack">
      {isPlaying ? (
        <HlsVideo className="film" src={playlist} controls autoPlay aria-label={`The last two minutes of ${name}`} />
      ) : (
        <img className="film" src={withQuery(`/api/v1/cameras/${id}/snapshot`, { at })} alt={`What ${name} sees now`} />
      )}
      <div className="row wrap">
        <Button icon="refresh" onPress={() => show(false)}>
          Now
        </Button>
        <Button icon="play" aria-pressed={isPlaying} onPress={() => show(true)}>
          The last two minutes
        </Button>
        <span className="soft num">
          {health.width} × {health.height} · {health.framesPerSecond} frames/s
          {health.bitsPerSecond !== null && ` · ${bytes(health.bitsPerSecond / 8)}/s`}
        </span>
      </div>
    </div>
  )
}
