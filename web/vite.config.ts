/** How the web app is built: everything below /admin/, nothing inline, hashed names. `web/build.sh` calls it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const SERVER = 'http://127.0.0.1:8000'

/** What runs before anything is drawn gets a name with a hash, as the rest has: browsers keep it, and no load waits for it. */
const THEME = 'theme.js'
const theme: Plugin = {
  name: 'theme',
  apply: 'build',
  buildStart() {
    this.emitFile({ type: 'asset', name: THEME, source: readFileSync(join(import.meta.dirname, 'public', THEME), 'utf8') })
  },
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle }) {
      const file = Object.values(bundle ?? {}).find((one) => one.type === 'asset' && one.names.includes(THEME))!
      return html.replace(`/admin/${THEME}`, `/admin/${file.fileName}`)
    }
  }
}

// biome-ignore lint/style/noDefaultExport: Vite reads its settings from the default export
export default defineConfig({
  root: import.meta.dirname,
  base: '/admin/',
  clearScreen: false,
  plugins: [theme],
  cacheDir: '../node_modules/.vite',
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy takes no data: but pictures
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      checks: { pluginTimings: false },
      onLog: (level, log, tell) => log.code === 'MODULE_LEVEL_DIRECTIVE' || tell(level, log) // "use client" is for servers that render
    }
  },
  // For work on the web app itself: `npx vite web` beside a running server.
  server: { proxy: { '/api': { target: SERVER, changeOrigin: true, headers: { origin: SERVER } }, '/readyz': SERVER } }
})
