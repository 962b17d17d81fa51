/** What the cameras see: a fresh picture of each every so often, one after the other, and only while somebody looks. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'
import type { Camera } from '#contracts/api/cameras.ts'
import { cameras as resource } from '#web/resources/cameras.ts'
import { CAMERA_STATES } from '#web/resources/choices.ts'
import { wholeOf } from '#web/resources/names.ts'
import { Empty, Pill } from '#web/ui/notice.tsx'
import { Card } from '#web/ui/page.tsx'

const EACH_MS = 4000

export function CameraWall() {
  const all = useQuery({ ...wholeOf(resource), refetchInterval: 30_000 })
  const cameras = ((all.data ?? []) as unknown as Camera[]).filter(({ retiredAt }) => !retiredAt)
  const pictures = usePictures(cameras.filter(({ state }) => state === 'recording').map(({ id }) => id))
  if (all.isPending) return null
  return (
    <Card title="Cameras" beside={<span className="soft num">{cameras.length}</span>}>
      {cameras.length === 0 ? (
        <Empty title="No camera is onboarded" />
      ) : (
        <div className="wall">
          {cameras.map((camera) => (
            <Link key={camera.id} to={`/cameras/${camera.id}`} className="shot">
              {pictures.get(camera.id) ? (
                <img src={pictures.get(camera.id)} alt={`What ${camera.name} sees`} />
              ) : (
                <span className="no-picture">
                  {camera.state === 'recording' ? 'picture is coming' : (camera.stateReason ?? 'no picture')}
                </span>
              )}
              <span className="row">
                <span className="grow">{camera.name}</span>
                <State camera={camera} />
              </span>
            </Link>
          ))}
        </div>
      )}
    </Card>
  )
}

function State({ camera }: { camera: Camera }) {
  const state = CAMERA_STATES.find(({ value }) => value === camera.state)!
  return camera.state === 'recording' ? null : <Pill tone={state.tone ?? 'quiet'}>{state.label}</Pill>
}

/** Asks for one picture at a time, in turn: each costs the box a moment of its processor. */
function usePictures(ids: string[]): Map<string, string> {
  const [pictures, setPictures] = useState<Map<string, string>>(new Map())
  const wanted = ids.join(' ')
  useEffect(() => {
    const turn = wanted.split(' ').filter(Boolean)
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let n = 0
    const next = async () => {
      const id = turn[n++ % turn.length]!
      if (!document.hidden) {
        const answer = await fetch(`/api/v1/cameras/${id}/snapshot`).catch(() => null)
        const picture = answer?.ok ? URL.createObjectURL(await answer.blob()) : null
        if (isOver) return
        if (picture)
          setPictures((now) => {
            const old = now.get(id)
            if (old) URL.revokeObjectURL(old)
            return new Map(now).set(id, picture)
          })
      }
      timer = setTimeout(next, n < turn.length ? 100 : EACH_MS)
    }
    if (turn.length > 0) void next()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [wanted])
  return pictures
}
