import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Profile } from './kernel/protocol';
import type { NotebookPipelines } from './notebook/pipelines';

/** The notebooks that are open, each with its pipelines. */
export interface INotebooks {
  /** The one that people look at; null where that is none. */
  readonly current: NotebookPipelines | null;
  /** Every open one. */
  readonly all: readonly NotebookPipelines[];
  /** Emitted when another one is looked at. */
  readonly currentChanged: ISignal<INotebooks, NotebookPipelines | null>;
  /** Emitted when a notebook was opened. */
  readonly added: ISignal<INotebooks, NotebookPipelines>;
  /** Emitted when anything of any of them changed. */
  readonly changed: ISignal<INotebooks, NotebookPipelines>;
  /** Return what belongs to a notebook's panel. */
  of(panel: NotebookPanel): NotebookPipelines | undefined;
}

export const INotebooks = new Token<INotebooks>(
  'pipecell-labextension:INotebooks',
  'The open notebooks, each with the pipelines that its cells declare.'
);

/** What people set. */
export interface ISettings {
  /** The profile of pipelines for which people chose none. */
  readonly profile: Profile;
  /** Ask before anything reaches AWS. */
  readonly confirmAws: boolean;
  /** Mark problems in the text of cells. */
  readonly underlines: boolean;
  /** Show a badge on each cell that declares. */
  readonly badges: boolean;
  /** How DAGs look: as JupyterLab does, or always light or dark. */
  readonly theme: 'jupyterlab' | 'light' | 'dark';
  /** Emitted when something was set. */
  readonly changed: ISignal<ISettings, void>;
}

export const ISettings = new Token<ISettings>('pipecell-labextension:ISettings', 'The settings of pipecell.');

/** The side panel, for those who lead people to it. */
export interface ISidePanel {
  /** Open it and show a pipeline, at a step where one is given. */
  show(pipeline?: string, step?: string): void;
}

export const ISidePanel = new Token<ISidePanel>('pipecell-labextension:ISidePanel', 'The side panel "Pipelines".');
