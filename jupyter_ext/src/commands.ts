import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { NotebookActions } from '@jupyterlab/notebook';

import { CATEGORY, CommandIDs, NAME } from './identity';
import type { Pipeline } from './kernel/protocol';
import { rows } from './kernel/state';
import { canRetry } from './kernel/words';
import { retry, run, running, stop, useProfile, useTarget } from './notebook/acts';
import type { NotebookPipelines } from './notebook/pipelines';
import { reveal } from './notebook/reveal';
import { INotebooks, ISettings, ISidePanel } from './tokens';

/** Adds the commands that act on the pipeline of the current notebook. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:commands`,
  description: 'Commands on the pipeline of the current notebook, in the palette and on keys.',
  autoStart: true,
  requires: [INotebooks],
  optional: [ISidePanel, ISettings, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebooks,
    panel: ISidePanel | null,
    settings: ISettings | null,
    palette: ICommandPalette | null
  ): void => {
    type Args = Readonly<Record<string, unknown>>;
    type Act = (notebook: NotebookPipelines, pipeline: Pipeline, args: Args) => unknown;
    /** The notebook whose toolbar asks, else the one in front. */
    const chosen = ({ panel: id }: Args): [NotebookPipelines, Pipeline] | null => {
      const notebook = notebooks.all.find(({ panel }) => panel.id === id) ?? notebooks.current;
      return notebook?.chosen ? [notebook, notebook.chosen] : null;
    };
    const add = (
      id: string,
      label: string,
      caption: string,
      act: Act,
      enabled: (notebook: NotebookPipelines, pipeline: Pipeline) => boolean = () => true
    ): void => {
      app.commands.addCommand(id, {
        label,
        caption,
        isEnabled: args => {
          const found = chosen(args);
          return found !== null && enabled(...found);
        },
        execute: args => {
          const found = chosen(args);
          return found === null ? undefined : act(...found, args);
        }
      });
      palette?.addItem({ command: id, category: CATEGORY });
    };
    const newest = (notebook: NotebookPipelines, pipeline: Pipeline) => rows(notebook.state, pipeline)[0];
    const confirm = (): boolean => settings?.confirmAws !== false;

    app.commands.addCommand(CommandIDs.show, {
      label: 'Show Pipelines',
      caption: 'Show the pipelines of the current notebook',
      execute: args => panel?.show(text(args.pipeline), text(args.step))
    });
    palette?.addItem({ command: CommandIDs.show, category: CATEGORY });
    add(CommandIDs.run, 'Run Pipeline', 'Check, deploy and start the pipeline', (notebook, pipeline) =>
      run(notebook, pipeline, settings)
    );
    add(
      CommandIDs.stop,
      'Stop Pipeline',
      'Stop the running execution and its jobs',
      async (notebook, pipeline) => {
        const [row] = running(notebook, pipeline);
        await (row && stop(notebook, row));
      },
      (notebook, pipeline) => running(notebook, pipeline).length > 0
    );
    add(
      CommandIDs.retry,
      'Retry Pipeline',
      'Go on with the latest execution from where it failed',
      async (notebook, pipeline) => {
        const row = newest(notebook, pipeline);
        await (row && retry(notebook, row, confirm()));
      },
      (notebook, pipeline) => canRetry(newest(notebook, pipeline))
    );
    add(
      CommandIDs.profile,
      'Switch between Smoke and Full',
      'Put the other profile in force, or the one that is asked for',
      (notebook, pipeline, args) => {
        const other = pipeline.profile === 'smoke' ? 'full' : 'smoke';
        return useProfile(notebook, pipeline, text(args.profile) ?? other);
      }
    );
    add(
      CommandIDs.target,
      'Switch between This Machine and AWS',
      'Choose where AWS calls of this notebook go',
      notebook => useTarget(notebook, notebook.target === 'aws' ? 'local' : 'aws', confirm())
    );
    add(
      CommandIDs.refresh,
      'Run Stale Cells',
      'Run the cells that were changed, or put back, since they ran, from top to bottom',
      notebook => refresh(notebook),
      notebook => stale(notebook).length > 0
    );
    add(
      CommandIDs.nextProblem,
      'Go to Next Problem',
      'Go to the cell of the next problem',
      notebook => {
        const { content } = notebook.panel;
        const at = content.widgets.map(cell => cell.model.id);
        const cells = at.filter(id =>
          notebook.pipelines.some(pipeline => pipeline.problems.some(problem => problem.cell === id))
        );
        const next = cells.find(id => at.indexOf(id) > content.activeCellIndex) ?? cells[0];
        return next === undefined ? undefined : reveal(notebook, next);
      },
      notebook => notebook.pipelines.some(pipeline => pipeline.problems.length > 0)
    );
  }
};

/** Ids of the cells that were edited since they ran, or put back after they had been taken out. */
function stale(notebook: NotebookPipelines): string[] {
  return [...notebook.edited, ...notebook.returned.keys()];
}

async function refresh(notebook: NotebookPipelines): Promise<void> {
  const { content, sessionContext } = notebook.panel;
  const wanted = new Set(stale(notebook));
  const cells = content.widgets.filter(cell => wanted.has(cell.model.id));
  await NotebookActions.runCells(content, cells, sessionContext);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
