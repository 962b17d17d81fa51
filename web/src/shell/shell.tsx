/** The frame of every page: the menu, the store and its state, who is signed in. */
import { useEffect, useState } from 'react'
import { NavLink, Outlet, useLocation, useNavigation } from 'react-router'
import { setLocale } from '#web/format.ts'
import { type LiveState, useLiveState, useLiveStream } from '#web/live.ts'
import { MODES } from '#web/resources/choices.ts'
import { useSession, useSignOut, useStore } from '#web/session.tsx'
import { chooseTheme, isDark } from '#web/theme.ts'
import { Button } from '#web/ui/button.tsx'
import { Icon } from '#web/ui/icon.tsx'
import { Notice, Pill, Waiting } from '#web/ui/notice.tsx'
import { navigation } from './navigation.ts'

export function Shell() {
  const store = useStore()
  useLiveStream()
  const [isOpen, setOpen] = useState(false)
  const { pathname } = useLocation()
  const isLoading = useNavigation().state === 'loading'
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the menu
  useEffect(() => setOpen(false), [pathname])
  if (store.data) setLocale(store.data)
  if (store.isPending) return <Waiting />
  return (
    <div className="shell" data-menu={isOpen || undefined}>
      <a className="skip" href="#content">
        To the content
      </a>
      <Side />
      <div className="main">
        <div className="topbar">
          <Button icon="menu" tone="plain" aria-label="Menu" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)} />
          <strong>{store.data?.name}</strong>
        </div>
        <Lost />
        {store.data?.allowsAnonymousDevices && (
          <div className="banner">
            <Notice tone="fair">
              Heartbeats without a device key are taken (ALLOW_ANONYMOUS_DEVICES): for old firmware on a closed network only.
            </Notice>
          </div>
        )}
        <main id="content" aria-busy={isLoading}>
          <Outlet />
        </main>
      </div>
    </div>
  )
}

function Side() {
  const { account, may } = useSession()
  const store = useStore()
  const signOut = useSignOut()
  const [dark, setDark] = useState(isDark())
  const mode = MODES.find(({ value }) => value === store.data?.mode)
  const turn = () => {
    chooseTheme(dark ? 'light' : 'dark')
    setDark(!dark)
  }
  return (
    <aside className="side">
      <NavLink to="/" className="brand">
        <img src="/admin/icon.svg" alt="" width="26" height="26" />
        <span>
          <strong>{store.data?.name ?? 'Store'}</strong>
          {mode && <Pill tone={mode.tone ?? 'quiet'}>{mode.label}</Pill>}
          {store.data?.simulatedSince && <Pill tone="info">Simulated</Pill>}
        </span>
      </NavLink>
      <nav aria-label="Menu">
        {navigation(may).map(({ label, entries }) => (
          <div key={label ?? ''} className="nav-group">
            {label && <p className="nav-label">{label}</p>}
            {entries.map(({ to, label: text, icon }) => (
              <NavLink key={to} to={to}>
                <Icon name={icon} />
                {text}
              </NavLink>
            ))}
          </div>
        ))}
      </nav>
      <div className="side-foot">
        <NavLink to="/account" className="grow" title="Your account">
          <span className="who">{account.username}</span>
          <span className="soft small">{account.role}</span>
        </NavLink>
        <Button icon={dark ? 'sun' : 'moon'} tone="plain" aria-label={dark ? 'Light' : 'Dark'} onPress={turn} />
        <Button icon="out" tone="plain" aria-label="Sign out" onPress={signOut} />
      </div>
    </aside>
  )
}

const LOST_AFTER_MS = 1500

/** Says that what one sees may be old; a hiccup is not worth a word. */
function Lost() {
  const state: LiveState = useLiveState()
  const [shown, setShown] = useState(false)
  useEffect(() => {
    if (state !== 'lost') return setShown(false)
    const timer = setTimeout(() => setShown(true), LOST_AFTER_MS)
    return () => clearTimeout(timer)
  }, [state])
  return shown ? (
    <div className="banner">
      <Notice tone="bad">The connection to the box is lost: what is shown may be old. Trying again…</Notice>
    </div>
  ) : null
}
