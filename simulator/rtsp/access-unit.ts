/** What travels from a video source to the RTSP server: H.264 pictures, each whole and stamped with its wall-clock time. */

/** One picture as NAL units without start codes. `atMs` is when it was taken, Unix milliseconds. */
export type AccessUnit = { nals: Buffer[]; isKey: boolean; atMs: number }
/** The decoder's parameter sets. */
export type ParameterSets = { sps: Buffer; pps: Buffer }

export type VideoSink = {
  parameters(sets: ParameterSets): void
  picture(unit: AccessUnit): void
  /** Called once when the source ends by itself; `reason` says why. */
  ended(reason: string): void
}
/** Something that makes pictures between `start` and `stop`. */
export type VideoSource = { start(sink: VideoSink): void; stop(): Promise<void> }
