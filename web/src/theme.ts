/** Dark or light: the device's own wish until somebody chooses. `public/theme.js` applies the choice before anything is drawn. */
const KEY = 'niflr-theme'

export const isDark = (): boolean =>
  (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'

export function chooseTheme(theme: 'dark' | 'light'): void {
  document.documentElement.dataset.theme = theme
  localStorage.setItem(KEY, theme)
}
