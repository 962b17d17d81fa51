/** One camera's picture: a background that stays, and over it only what moves; each frame puts back what the last one covered. */
import { blankFrame, type Frame } from '#simulator/rtsp/painted-source.ts'
import { Canvas } from './canvas.ts'
import { HEADER_HEIGHT, HEIGHT, WIDTH } from './floor-plan.ts'
import { write } from './lettering.ts'
import { BAR, BAR_MUTED, BAR_TEXT, WARNING } from './palette.ts'
import type { Scene } from './scene.ts'
import { roundBox } from './shapes.ts'

export type Motif = {
  /** Draws what never moves. */
  drawPlace: (background: Canvas) => void
  /** Draws over the background what has changed there since the last call. */
  refresh: (background: Canvas, scene: Scene) => void
  /** Draws what moves. */
  drawLife: (canvas: Canvas, scene: Scene, ms: number) => void
}
export type ViewOptions = { title: string; motif: Motif; scene: Scene; storyMs: (atMs: number) => number }

/** Answers what paints the camera's frames, always into the same one. */
export function openView({ title, motif, scene, storyMs }: ViewOptions): (frame: Frame, atMs: number) => void {
  const background = new Canvas(blankFrame(WIDTH, HEIGHT))
  motif.drawPlace(background)
  background.fill({ x: 0, y: 0, width: WIDTH, height: HEADER_HEIGHT }, BAR)
  write(background, title, { x: 20, y: 14, size: 2.6, paint: BAR_TEXT })
  let canvas: Canvas | null = null
  return (frame, atMs) => {
    canvas ??= new Canvas(frame)
    const ms = storyMs(atMs)
    scene.advance(ms)
    motif.refresh(background, scene)
    const stale = [...background.touched, ...canvas.touched]
    for (const box of stale) canvas.copy(background, box)
    background.touched = []
    canvas.touched = []
    motif.drawLife(canvas, scene, ms)
    drawMode(canvas, scene)
    drawClock(canvas, atMs)
  }
}

function drawMode(canvas: Canvas, { mode }: Scene): void {
  if (!mode || mode === 'CUSTOMER_MODE') return
  roundBox(canvas, { x: 520, y: 8, width: 240, height: 28 }, { radius: 14, paint: WARNING })
  write(canvas, mode.replace('_', ' '), { x: 640, y: 16, size: 2, paint: BAR_TEXT, align: 'middle' })
}

function drawClock(canvas: Canvas, atMs: number): void {
  const [date, time] = new Date(atMs).toISOString().slice(0, -1).split('T') as [string, string]
  write(canvas, 'UTC', { x: WIDTH - 20, y: 18, size: 2, paint: BAR_MUTED, align: 'right' })
  write(canvas, time, { x: WIDTH - 66, y: 14, size: 2.6, paint: BAR_TEXT, align: 'right' })
  write(canvas, date, { x: WIDTH - 262, y: 18, size: 2, paint: BAR_MUTED, align: 'right' })
}
