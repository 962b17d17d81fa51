/** A film from an HLS playlist: hls.js comes only when one is shown. */
import { type ComponentProps, useEffect, useRef, useState } from 'react'
import { loadPlayer } from './hls-player.ts'
import { Notice } from './notice.tsx'

type Props = Omit<ComponentProps<'video'>, 'ref' | 'src'> & { src: string }

export function HlsVideo({ src, ...rest }: Props) {
  const video = useRef<HTMLVideoElement>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let gone = false
    let close = () => {}
    setProblem(null)
    void loadPlayer().then(({ Player, open }) => {
      if (gone || !video.current) return
      const hls = open()
      hls.on(Player.Events.ERROR, (_event, { fatal, details }) => fatal && setProblem(details))
      hls.loadSource(src)
      hls.attachMedia(video.current)
      close = () => hls.destroy()
    })
    return () => {
      gone = true
      close()
    }
  }, [src])
  return (
    <>
      {problem && <Notice tone="fair">The video cannot be shown ({problem}).</Notice>}
      <video ref={video} muted playsInline {...rest} />
    </>
  )
}
