/** A film from an HLS playlist: hls.js comes only when one is shown. */
import { type ComponentProps, useEffect, useRef, useState } from 'react'
import { Notice } from './notice.tsx'

type Props = Omit<ComponentProps<'video'>, 'ref' | 'src'> & { src: string }

export function HlsVideo({ src, ...rest }: Props) {
  const video = useRef<HTMLVideoElement>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let gone = false
    let close = () => {}
    setProblem(null)
    void import('hls.js/light').then(({ default: Hls }) => {
      if (gone || !video.current) return
      const hls = new Hls({ enableWorker: false })
      hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => fatal && setProblem(details))
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
