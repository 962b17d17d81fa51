/** What the test of a stream has found: the picture, the figures, what to set differently. */
import type { StreamTest } from '#contracts/api/cameras.ts'
import { Notice } from '#web/ui/notice.tsx'

export function StreamFacts({ test }: { test: StreamTest }) {
  const facts: [label: string, value: string][] = [
    ['Picture', `${test.width} × ${test.height}`],
    ['Codec', `${test.codec}${test.profile ? `, ${test.profile}` : ''}`],
    ['Frames', test.framesPerSecond === null ? '–' : `${test.framesPerSecond} a second`],
    ['Keyframe', test.keyframeEverySeconds === null ? '–' : `every ${test.keyframeEverySeconds} s`],
    ['Rate', test.bitsPerSecond === null ? '–' : `${(test.bitsPerSecond / 1e6).toFixed(1)} Mbit/s`],
    ['A day', test.gigabytesPerDay === null ? '–' : `${test.gigabytesPerDay} GB in ${test.clipsPerDay} videos`],
    ['The quota lasts', test.quotaDays === null ? '–' : `${test.quotaDays} days for it alone`],
    ['In browsers', test.isPlayableInBrowsers ? 'plays' : 'does not play']
  ]
  return (
    <div className="stack">
      {test.warnings.map((warning) => (
        <Notice key={warning} tone="fair">
          {warning}
        </Notice>
      ))}
      <div className="stream">
        {test.snapshot && <img className="snapshot" src={`data:image/jpeg;base64,${test.snapshot}`} alt="What the camera sees" />}
        <dl className="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd className="num">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  )
}
