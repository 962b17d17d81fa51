/** The camera room's door: cameras, what is recorded of them, how it is played, and what goes when space or time runs out. */
export {
  addCamera,
  type CameraToRecord,
  camerasInUse,
  camerasKeyFile,
  camerasToRecord,
  changeCamera,
  listCameras,
  readCamera,
  retireCamera
} from './cameras.ts'
export { checkClips, lastClipEnd, openClips, unknownFiles } from './clip-checks.ts'
export { type ClipFile, type ClipFragment, clipFile, clipFilesDuring, clipFolder, wholePartOf } from './clip-files.ts'
export { type ClosedClip, closeClip, correctClipStart, dropClip, noteGap, type OpenedClip, openClip, startGap } from './clips.ts'
export { exportWindow } from './exports.ts'
export type { Window } from './footage.ts'
export { checkSignature } from './links.ts'
export { type Claims, countRemovedClips, type OldClip, type Retention, removeOldClips } from './old-clips.ts'
export { cameraSnapshot, testStream } from './pictures.ts'
export { asLinks, type Content, outsideLink, videoContent, windowPlaylist } from './playback.ts'
export { causeOf, frameIntervalMs, OFFLINE_AFTER_MS, SMALLEST_GAP_MS } from './rules.ts'
export { type LiveState, liveStateOf, noteCameraState, onCamerasChanged } from './states.ts'
export { type StreamInput, type StreamSource, streamInput } from './stream-input.ts'
export { maskIn } from './stream-url.ts'
export { cameraThumbnail, videoThumbnail } from './thumbnails.ts'
export { type UploadStore, uploadStore } from './upload-store.ts'
export {
  forgetUpload,
  notePartSent,
  noteUploadBegun,
  noteUploaded,
  postponeUpload,
  takeUpload,
  type Upload,
  uploadsUnderWay
} from './uploads.ts'
export { findVideo, gapsDuring, listVideos, type MachineWindow, videoStatesDuring, videosDuring } from './videos.ts'
export { cameraViews } from './views.ts'
export { watchCameras } from './watch.ts'
