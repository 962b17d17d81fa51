/** Each scale against a known weight: what it measures, how much it trembles, from which difference on it counts. */
import { useState } from 'react'
import type { Scale } from '#contracts/api/scales.ts'
import { grams, signedGrams } from '#web/format.ts'
import { Button } from '#web/ui/button.tsx'
import { Pill } from '#web/ui/notice.tsx'

const CLOSE_SHARE = 0.02
const CLOSE_GRAMS = 5

export function WeighingTest({ scales }: { scales: Scale[] }) {
  const [known, setKnown] = useState('500')
  const [empty, setEmpty] = useState<Map<string, number>>(() => weightsOf(scales))
  const wanted = Number(known)
  return (
    <div className="stack">
      <div className="row wrap">
        <label className="row">
          Known weight
          <input
            className="input small"
            size={6}
            inputMode="numeric"
            value={known}
            onChange={(event) => setKnown(event.target.value)}
          />{' '}
          g
        </label>
        <Button onPress={() => setEmpty(weightsOf(scales))}>Begin again from here</Button>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th>Scale</th>
            <th className="end">Now</th>
            <th className="end">Since begun</th>
            <th className="end">Noise (σ)</th>
            <th className="end">Counts from</th>
            <th>Test</th>
          </tr>
        </thead>
        <tbody>
          {scales.map((scale) => {
            const added = scale.weightGrams === null ? 0 : scale.weightGrams - (empty.get(scale.scaleId) ?? scale.weightGrams)
            return (
              <tr key={scale.scaleId}>
                <td>{scale.scaleId}</td>
                <td className="end num">{scale.weightGrams === null ? '–' : grams(scale.weightGrams)}</td>
                <td className="end num">{added === 0 ? '0 g' : signedGrams(added)}</td>
                <td className="end num">{scale.noiseGrams.toFixed(1)} g</td>
                <td className="end num">{grams(scale.thresholdGrams)}</td>
                <td>
                  <Verdict added={added} wanted={wanted} scale={scale} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

const weightsOf = (scales: Scale[]) =>
  new Map(scales.flatMap(({ scaleId, weightGrams }) => (weightGrams === null ? [] : [[scaleId, weightGrams] as const])))

function Verdict({ added, wanted, scale }: { added: number; wanted: number; scale: Scale }) {
  if (scale.weightGrams === null) return <Pill>not read yet</Pill>
  if (Math.abs(added) < scale.thresholdGrams) return <span className="soft">waiting for the weight</span>
  const off = Math.abs(added) - wanted
  if (Math.abs(off) <= Math.max(CLOSE_GRAMS, wanted * CLOSE_SHARE)) return <Pill tone="good">right</Pill>
  return <Pill tone="bad">{`off by ${signedGrams(off)}`}</Pill>
}
