/** Streams in tests that the simulator does not serve: an RTSP server that others wrote (GStreamer's, from Debian), and one for RTMP (ffmpeg's). */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { freePort } from '#server/platform/embedded-postgres/postmaster.ts'
import { until } from './devices.ts'
import { FFMPEG } from './ffmpeg.ts'

const PYTHON = '/usr/bin/python3'
const IMPORTS = `import sys, gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
`
const CHECK = `${IMPORTS}
sys.exit(0 if all(Gst.ElementFactory.find(name) for name in ('rtspsrc', 'rtph264depay', 'rtph264pay', 'udpsink')) else 1)`
const SERVE = `${IMPORTS}
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch('( rtspsrc location="%s" protocols=tcp latency=0 ! rtph264depay ! rtph264pay name=pay0 config-interval=-1 )' % sys.argv[1])
factory.set_shared(True)
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service('0')
server.get_mount_points().add_factory('/live', factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()`

/** For a test's `skip`: why there is no such server here, or false. */
export const withoutGstreamer: string | false =
  spawnSync(PYTHON, ['-c', CHECK]).status === 0
    ? false
    : 'no RTSP server of GStreamer: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good'

/** Serves what it gets from `source` to whoever asks, through GStreamer's RTSP server. */
export async function serveByGstreamer(source: string): Promise<AsyncDisposable & { url: string }> {
  const child = spawn(PYTHON, ['-c', SERVE, source], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { url: `rtsp://127.0.0.1:${port}/live`, [Symbol.asyncDispose]: () => end(child) }
}

/** Serves what it gets from `source` to the first who asks, over RTMP. */
export async function serveByRtmp(source: string): Promise<AsyncDisposable & { url: string }> {
  const port = await freePort(0)
  const url = `rtmp://127.0.0.1:${port}/live/till`
  const input = ['-rtsp_transport', 'tcp', '-fpsprobesize', '0', '-analyzeduration', '1', '-i', source]
  const args = ['-loglevel', 'error', '-nostdin', ...input, '-c', 'copy', '-f', 'flv', '-listen', '1', url]
  const child = spawn(FFMPEG, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const listening = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} 0+:0000 0A `)
  await until(() => {
    assert.equal(child.exitCode, null, 'the RTMP server ended')
    return listening.test(readFileSync('/proc/net/tcp', 'latin1'))
  }, 'the RTMP server listens')
  return { url, [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}
