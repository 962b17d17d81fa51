/** Filesystems of a test's own: a small tmpfs, or an ext4 in a file. Only root may mount, and not in every container. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe', encoding: 'utf8' })
const mountPoint = () => mkdtempSync(join(tmpdir(), 'niflr-mount-'))

/** Mounts a tmpfs of that many MiB. Throws where that is not permitted. */
export function mountTmpfs(mebibytes: number): Disposable & { path: string } {
  const path = mountPoint()
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=755`, 'tmpfs', path)
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return { path, [Symbol.dispose]: () => unmount(path) }
}

/** Makes an ext4 in a new file. */
export function makeImage(file: string, mebibytes: number): void {
  run('truncate', '-s', `${mebibytes}M`, file)
  run('mkfs.ext4', '-q', '-F', file)
}

/** Mounts an image through a loop device. Throws where that is not permitted. */
export function mountImage(file: string): Disposable & { path: string } {
  const path = mountPoint()
  try {
    run('mount', '-o', 'loop', file, path)
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return { path, [Symbol.dispose]: () => unmount(path) }
}

function unmount(path: string): void {
  try {
    run('umount', path)
  } catch {
    run('umount', '-l', path) // a process that is just ending still has a file open there
  }
  rmSync(path, { recursive: true, force: true })
}

/** Ext4 takes no more writes and flushes nothing, from one moment to the next: what its device has then is what a power cut leaves. */
export function cutPower(path: string): void {
  const EXT4_IOC_SHUTDOWN = 0x8004587d
  const NO_LOG_FLUSH = 2
  run(
    'perl',
    '-e',
    `open(my $f, '<', $ARGV[0]) or die $!; my $how = pack('L', ${NO_LOG_FLUSH}); ioctl($f, ${EXT4_IOC_SHUTDOWN}, $how) or die $!`,
    path
  )
}

/** Why this machine cannot do that; false when it can. What a test passes as `skip`. */
export function cannot(what: 'mount a tmpfs' | 'mount an image and cut its power'): string | false {
  try {
    if (what === 'mount a tmpfs') mountTmpfs(1)[Symbol.dispose]()
    else tryImage()
    return false
  } catch (error) {
    return `skipped: this machine may not ${what} (${String((error as Error).message).split('\n')[0]})`
  }
}

function tryImage(): void {
  const folder = mountPoint()
  try {
    makeImage(join(folder, 'image'), 16)
    using image = mountImage(join(folder, 'image'))
    mkdirSync(join(image.path, 'x'))
    cutPower(image.path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
