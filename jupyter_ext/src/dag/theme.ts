/** Light or dark: as JupyterLab says, else as the page around looks. */

/** Keep `data-theme` of an element right; returns what stops it. */
export function followTheme(element: HTMLElement): () => void {
  const update = (): void => element.setAttribute('data-theme', isDark(element) ? 'dark' : 'light');
  const observer = new MutationObserver(update);
  for (const root of [document.body, document.documentElement]) {
    observer.observe(root, { attributes: true, attributeFilter: ['data-jp-theme-light', 'class', 'data-theme', 'data-pc-theme'] });
  }
  const wish = window.matchMedia('(prefers-color-scheme: dark)');
  wish.addEventListener('change', update);
  requestAnimationFrame(update); // by then it is in the page, whose colours may have to be asked
  update();
  return () => {
    observer.disconnect();
    wish.removeEventListener('change', update);
  };
}

function isDark(element: Element): boolean {
  const wanted = document.body.getAttribute('data-pc-theme'); // what people set for DAGs alone
  if (wanted === 'light' || wanted === 'dark') {
    return wanted === 'dark';
  }
  const said = document.body.getAttribute('data-jp-theme-light');
  if (said !== null) {
    return said === 'false';
  }
  for (let around = element.parentElement; around; around = around.parentElement) {
    const found = /rgba?\((\d+),\s*(\d+),\s*(\d+)(?:,\s*([\d.]+))?/.exec(getComputedStyle(around).backgroundColor);
    if (found && found[4] !== '0') {
      return 0.299 * Number(found[1]) + 0.587 * Number(found[2]) + 0.114 * Number(found[3]) < 128;
    }
  }
  return window.matchMedia('(prefers-color-scheme: dark)').matches;
}
