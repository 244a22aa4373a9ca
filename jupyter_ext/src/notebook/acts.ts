/** What people have done with a notebook's pipeline: the same acts for buttons, palette and panel. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

import { isolated } from '../dag/isolated';
import { html } from '../dom';
import type { ExecutionRow, Pipeline, Profile, Target } from '../kernel/protocol';
import { rows } from '../kernel/state';
import type { ISettings } from '../tokens';
import type { NotebookPipelines } from './pipelines';

/** Letters of a notification that JupyterLab shows; it cuts off what comes after them. */
const SHOWN = 140;

/** Say what failed, in a sentence, without getting in the way. */
export function complain(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const whole = (): void => void showDialog({ title: 'What failed', body: sentences([message]), buttons: [Dialog.okButton()] });
  const actions = message.length > SHOWN ? [{ label: 'Show all', callback: whole }] : [];
  Notification.error(message, { autoClose: 10_000, actions });
}

const OBSTACLES = {
  cell: 'The kernel is busy: this is done when the cell that it runs has ended.',
  connection: 'The connection to the kernel is lost: this is done when it is back.'
} as const;

/** Say so where the kernel can do nothing yet. */
function sayIfItWaits({ obstacle }: NotebookPipelines): void {
  if (obstacle !== null) {
    Notification.info(OBSTACLES[obstacle], { autoClose: 4000 });
  }
}

/** The running executions of a pipeline, newest first. */
export function running(notebook: NotebookPipelines, pipeline: Pipeline): ExecutionRow[] {
  return rows(notebook.state, pipeline).filter(row => row.running);
}

/** Start a pipeline where the kernel's calls go; on AWS only after people agreed. */
export async function run(notebook: NotebookPipelines, pipeline: Pipeline, settings: ISettings | null): Promise<void> {
  sayIfItWaits(notebook);
  try {
    const on = await chooseTarget(notebook, pipeline, settings?.confirmAws !== false);
    if (on !== null) {
      const line = await notebook.run(pipeline, on);
      Notification.info(line, { autoClose: 4000 });
    }
  } catch (error) {
    complain(error);
  }
}

/** Stop the newest running execution. */
export async function stop(notebook: NotebookPipelines, row: ExecutionRow): Promise<void> {
  sayIfItWaits(notebook);
  try {
    await notebook.ask('stop', { arn: row.arn, on: row.on });
  } catch (error) {
    complain(error);
  }
}

/** Go on with an execution from where it failed. */
export async function retry(notebook: NotebookPipelines, row: ExecutionRow, confirm: boolean): Promise<void> {
  sayIfItWaits(notebook);
  try {
    if (row.on === 'local' || !confirm || (await agree('Go on with this run on AWS?', [row.arn], 'Go on on AWS'))) {
      await notebook.ask('retry', { arn: row.arn, on: row.on });
    }
  } catch (error) {
    complain(error);
  }
}

/** Put a profile in force. */
export async function useProfile(notebook: NotebookPipelines, pipeline: Pipeline, profile: Profile): Promise<void> {
  sayIfItWaits(notebook);
  try {
    await notebook.ask('profile', { pipeline: pipeline.name, profile });
  } catch (error) {
    complain(error);
  }
}

/** Choose where the kernel's AWS calls go; AWS only after people agreed. */
export async function useTarget(notebook: NotebookPipelines, target: Target, confirm: boolean): Promise<void> {
  sayIfItWaits(notebook);
  try {
    const agreed =
      target === 'local' ||
      !confirm ||
      (await agree(
        'Send AWS calls of this notebook to AWS?',
        [
          'Cells that call boto3 or an AWS SDK will reach your AWS account, and Run will offer to start there.',
          'Nothing is sent now.',
          ...(notebook.state.calls?.aws === false ? ['There are no AWS credentials here yet.'] : [])
        ],
        'Use AWS'
      ));
    if (agreed) {
      await notebook.move(target);
    }
  } catch (error) {
    complain(error);
  }
}

/** Return where to run; null when people said no. */
async function chooseTarget(
  notebook: NotebookPipelines,
  pipeline: Pipeline,
  confirm: boolean
): Promise<Target | null> {
  const target = await notebook.whereTo();
  if (target === 'local' || !confirm) {
    return target;
  }
  const { region, account } = await notebook.ask('bill', { pipeline: pipeline.name });
  const { profile } = pipeline;
  const cost = pipeline.costs[profile];
  const result = await showDialog({
    title: `Run ${isolated(pipeline.name)} on AWS?`,
    body: sentences([
      `Account ${account}, ${region}, profile ${isolated(profile)}.`,
      cost ? `It costs ${cost}.` : 'What it costs is not known.',
      'AWS bills for it.'
    ]),
    buttons: [
      Dialog.cancelButton(),
      Dialog.createButton({ label: 'Run on this machine', actions: ['local'] }),
      Dialog.warnButton({ label: 'Run on AWS', actions: ['aws'] })
    ],
    defaultButton: 1
  });
  const [action] = result.button.actions;
  return action === 'local' || action === 'aws' ? action : null;
}

async function agree(title: string, lines: readonly string[], label: string): Promise<boolean> {
  const result = await showDialog({
    title,
    body: sentences(lines),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label })],
    defaultButton: 0
  });
  return result.button.accept;
}

function sentences(lines: readonly string[]): Widget {
  return new Widget({
    node: html('div', 'pc-About', {}, ...lines.map(line => html('p', '', {}, line)))
  });
}
