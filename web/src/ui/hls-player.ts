/** hls.js as the box's films want it: loaded when the first is shown, without what its playlists never carry. */
import type { HlsConfig } from 'hls.js'

/** Cues would need a track with a data: address, which the content security policy forbids. */
const NO_CUES = { enableDateRangeMetadataCues: false, enableID3MetadataCues: false, enableEmsgMetadataCues: false }

export async function loadPlayer() {
  const { default: Player } = await import('hls.js/light')
  return { Player, open: (more: Partial<HlsConfig> = {}) => new Player({ enableWorker: false, ...NO_CUES, ...more }) }
}
