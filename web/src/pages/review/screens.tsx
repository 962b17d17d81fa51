/** Every camera that saw the visit, in step. */
import { useEffect, useRef, useState } from 'react'
import { clock as clockText } from '#web/format.ts'
import { Button } from '#web/ui/button.tsx'
import { Empty, Pill } from '#web/ui/notice.tsx'
import { Film, type FilmState } from './film.ts'
import { type Playback, type Screen, SPEEDS } from './use-playback.ts'

export function Screens({ playback }: { playback: Playback }) {
  const { screens, isPlaying, speed, eventsOnly } = playback
  const [large, setLarge] = useState<string | null>(null)
  const shown = large ? screens.filter(({ camera }) => camera.id === large) : screens
  return (
    <section className="card screens" aria-label="Cameras">
      {screens.length === 0 ? (
        <Empty title="No camera saw this visit">decide by weight and planogram</Empty>
      ) : (
        <div className={`films films-${Math.min(4, shown.length)}`}>
          {shown.map((screen) => (
            <OneScreen
              key={screen.camera.id}
              screen={screen}
              playback={playback}
              onLarge={() => setLarge(large ? null : screen.camera.id)}
            />
          ))}
        </div>
      )}
      <div className="controls">
        <Button
          icon={isPlaying ? 'pause' : 'play'}
          aria-label={isPlaying ? 'Pause (Space)' : 'Play (Space)'}
          onPress={playback.toggle}
        />
        <Time playback={playback} />
        <span className="grow" />
        <label className="check">
          <input type="checkbox" checked={eventsOnly} onChange={(event) => playback.setEventsOnly(event.target.checked)} />
          Events only
        </label>
        <fieldset className="speeds">
          <legend className="visually-hidden">Speed</legend>
          {SPEEDS.map((one) => (
            <Button key={one} size="small" aria-pressed={one === speed} onPress={() => playback.setSpeed(one)}>
              {one}×
            </Button>
          ))}
        </fieldset>
      </div>
    </section>
  )
}

function Time({ playback }: { playback: Playback }) {
  const text = useRef<HTMLSpanElement>(null)
  useEffect(
    () =>
      playback.onFrame((wallMs) => {
        const shown = `${clockText(new Date(wallMs))}.${Math.floor((wallMs % 1000) / 100)}`
        if (text.current && text.current.textContent !== shown) text.current.textContent = shown
      }),
    [playback.onFrame]
  )
  return <span ref={text} className="num now" />
}

const SAYS: Record<FilmState, string> = {
  loading: 'loading',
  ready: '',
  gap: 'no picture of this time',
  failed: 'the video cannot be played'
}

function OneScreen({ screen, playback, onLarge }: { screen: Screen; playback: Playback; onLarge: () => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [state, setState] = useState<FilmState>('loading')
  const { join } = playback
  // biome-ignore lint/correctness/useExhaustiveDependencies: join is made anew with each render, the clock it joins is not
  useEffect(() => {
    const film = new Film(video.current!, setState)
    const leave = join(film)
    void film.start(screen.playlistUrl)
    return () => {
      leave()
      film.stop()
    }
  }, [screen.playlistUrl, playback.clock])
  return (
    <figure className="film-box">
      <video ref={video} muted playsInline preload="auto" className={state === 'gap' ? 'dim' : ''} onDoubleClick={onLarge} />
      {SAYS[state] && <span className="film-state">{SAYS[state]}</span>}
      <figcaption>
        <span>{screen.camera.name}</span>
        {screen.camera.tag !== 'IN_STORE' && <Pill>{screen.camera.tag.toLowerCase()}</Pill>}
      </figcaption>
    </figure>
  )
}
