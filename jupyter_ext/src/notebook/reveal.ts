import type { NotebookPipelines } from './pipelines';

/** Milliseconds for which a cell that was led to is lit. */
const LIT = 1200;

/** Scroll a notebook to a cell, make it the active one, and light it for a moment. */
export async function reveal(notebook: NotebookPipelines, cell: string): Promise<void> {
  const { content } = notebook.panel;
  const index = content.widgets.findIndex(widget => widget.model.id === cell);
  const found = content.widgets[index];
  if (found === undefined) {
    return;
  }
  content.deselectAll();
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'smart');
  found.node.classList.add('pc-mod-lit');
  window.setTimeout(() => found.node.classList.remove('pc-mod-lit'), LIT);
}
