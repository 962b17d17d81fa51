// Before anything is drawn: the look that was chosen on this device, so that nothing flashes.
{
  const chosen = localStorage.getItem('niflr-theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
}
