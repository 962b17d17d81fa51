/** A stream's session description [RFC 8866, RFC 6184 8.2.1]. */
import type { ParameterSets } from './access-unit.ts'
import { CLOCK_HZ, PAYLOAD_TYPE } from './rtp.ts'

export const TRACK = 'trackID=0'

export const describeStream = ({ sps, pps }: ParameterSets, name: string): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    `s=${name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `a=rtpmap:${PAYLOAD_TYPE} H264/${CLOCK_HZ}`,
    `a=fmtp:${PAYLOAD_TYPE} packetization-mode=1;profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sps.toString('base64')},${pps.toString('base64')}`,
    `a=control:${TRACK}`,
    ''
  ].join('\r\n')
