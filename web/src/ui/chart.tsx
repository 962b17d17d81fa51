/** A curve over time; uPlot comes only when one is shown. Colours follow the look of the page. */
import { useEffect, useRef } from 'react'
import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export type Curve = { seconds: number[]; values: (number | null)[] }
type Props = { curve: Curve; label: string; unit: string; timeOf: (seconds: number) => string; marks?: number[]; height?: number }

export function StepChart({ curve, label, unit, timeOf, marks = [], height = 220 }: Props) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = box.current!
    let chart: uPlot | null = null
    let isGone = false
    void import('uplot').then(({ default: Plot }) => {
      if (isGone) return
      const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
      const style = getComputedStyle(element)
      const axis = {
        stroke: style.color,
        grid: { stroke: style.borderTopColor, width: 1 },
        ticks: { show: false },
        font: '12px Inter Variable'
      }
      chart = new Plot(
        {
          width: element.clientWidth,
          height,
          legend: { show: true },
          cursor: { points: { size: 7 } },
          axes: [
            { ...axis, incrs: STEPS, values: (_plot, splits) => splits.map(timeOf) },
            { ...axis, size: 64, values: (_plot, splits) => splits.map((value) => `${value} ${unit}`) }
          ],
          series: [
            { label: 'Time', value: (_plot, seconds) => (seconds === null ? '–' : timeOf(seconds)) },
            {
              label,
              stroke: colour('--curve') || style.borderLeftColor,
              width: 1.5,
              paths: Plot.paths.stepped!({ align: 1 }),
              points: { show: false },
              value: (_plot, value) => (value === null ? '–' : `${value} ${unit}`)
            }
          ],
          hooks: { drawClear: [(plot) => drawMarks(plot, marks, style.borderTopColor)] }
        },
        [curve.seconds, curve.values],
        element
      )
    })
    const follow = new ResizeObserver(() => chart?.setSize({ width: element.clientWidth, height }))
    follow.observe(element)
    return () => {
      isGone = true
      follow.disconnect()
      chart?.destroy()
    }
  }, [curve, label, unit, timeOf, marks, height])
  return <div ref={box} className="chart" role="img" aria-label={label} />
}

/** Between the times below the curve, in seconds: they are written in minutes, and none is written twice. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080].map((minutes) => minutes * 60)

/** Upright lines at moments worth a mark. */
function drawMarks(plot: uPlot, marks: number[], colour: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = colour
  ctx.setLineDash([3, 3])
  for (const mark of marks) {
    const x = plot.valToPos(mark, 'x', true)
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
