// hls.js without what the box never sends (subtitles, other sound tracks, encryption): half the size, the same types.
declare module 'hls.js/light' {
  export { default } from 'hls.js'
}
