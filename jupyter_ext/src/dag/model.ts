/**
 * What the renderer draws, and what it and its host tell each other.
 *
 * Everything here is plain JSON. `pipecell.view.model` writes it; this file is the one description
 * of it. The renderer knows no Jupyter: a `Host` brings it messages and takes its requests.
 */

/** A position in the drawing, in pixels, y downwards. */
export type Point = readonly [number, number];

/** One step or state, or a stack that stands for several, where Graphviz has put it. */
export interface SceneNode {
  readonly id: string;
  /** The whole name; `title` is what fits on the card. */
  readonly name: string;
  readonly title: string;
  /** The definition's own type word, for example `Training`. */
  readonly type: string;
  /** The colour family: `processing`, `training`, `condition`, … */
  readonly kind: string;
  readonly summary: string;
  readonly shape: 'card' | 'diamond';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly cell: number | null;
  /** The node that holds this one, as drawn; null at the top. */
  readonly parent: string | null;
  /** How many steps are hidden in it; 0 for a node that stands for itself. */
  readonly hidden: number;
  /** `open` can be folded, `folded` can be opened; null for what holds nothing. */
  readonly fold: 'open' | 'folded' | null;
}

/** A drawn line; `points` is a Bézier path of 1 + 3n points, or a polyline when `straight`. */
export interface SceneWire {
  readonly source: string;
  readonly targets: readonly string[];
  readonly points: readonly Point[];
  readonly straight: boolean;
  readonly dashed: boolean;
  /** Whether it ends at its target with an arrow. */
  readonly arrow: boolean;
  readonly label: readonly string[];
  readonly labelAt: Point | null;
  /** What it carries, in full. */
  readonly says: string;
}

/** The frame around a branch. */
export interface SceneGroup {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A drawing without states: it stays as it is for as long as nothing is folded. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly SceneNode[];
  readonly wires: readonly SceneWire[];
  readonly groups: readonly SceneGroup[];
  /** How many steps the whole pipeline has. */
  readonly steps: number;
}

/** How a status word looks: a sign, a colour family and a word for people. */
export interface Mark {
  readonly sign: string;
  readonly ink: 'ok' | 'run' | 'fail' | 'wait' | 'stop' | 'cache';
  readonly word: string;
}

/** What few steps have. */
export interface StepExtra {
  /** An earlier result was reused. */
  readonly cached?: true;
  /** Why it failed. */
  readonly reason?: string;
  /** What a condition compared, for example `0.86 ≥ 0.80`; how far trials are; what a trial reached. */
  readonly value?: string;
  /** The best trial of its tuning job so far. */
  readonly best?: true;
  /** Which branch a condition took. */
  readonly outcome?: string;
}

/**
 * The state of the scene's node of that index: AWS's status word (empty before it starts), then
 * start and end in seconds after the document's `epoch`. A tuple keeps deltas small.
 */
export type StepState = readonly [
  index: number,
  status: string,
  started: number | null,
  ended: number | null,
  extra?: StepExtra
];

/** The execution as a whole. */
export interface RunState {
  /** AWS's status word. */
  readonly status: string;
  readonly running: boolean;
  readonly reason: string;
  /** Seconds after `epoch`. */
  readonly started: number | null;
  readonly ended: number | null;
  /** Seconds that past runs took beyond now; null when there is no past run. */
  readonly expected: number | null;
  /** `≈ $0.02`; empty when unknown. */
  readonly cost: string;
  /** `2 of 5 steps, 1 reused`. */
  readonly count: string;
  /** Why the last look failed; empty when it did not. */
  readonly trouble: string;
}

/** What `check` found. */
export interface Problem {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly hint: string;
  readonly step: string | null;
}

/** All that is needed to draw a pipeline, or a run of it. */
export interface DagDocument {
  readonly version: 1;
  readonly pipeline: string;
  readonly engine: 'sagemaker' | 'stepfunctions';
  /** `''` for a preview that has no target. */
  readonly target: '' | 'local' | 'aws';
  /** Where it runs, for people: `on this machine`. */
  readonly place: string;
  /** Empty where profiles say nothing. */
  readonly profile: string;
  /** ARN of the execution; empty for a preview. */
  readonly execution: string;
  /** The execution in AWS's console; empty elsewhere. */
  readonly console: string;
  /** Epoch seconds that all times count from. */
  readonly epoch: number;
  readonly scene: Scene;
  /** null for a preview. */
  readonly run: RunState | null;
  /** The states of the scene's nodes that have one. */
  readonly steps: readonly StepState[];
  readonly marks: Readonly<Record<string, Mark>>;
  readonly problems: readonly Problem[];
  /** Short facts for the header, for example `6 steps`. */
  readonly facts: readonly string[];
}

/** A number that changes: `points` are x and y. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** Lines that share their axes. */
export interface Plot {
  readonly title: string;
  readonly axis: string;
  readonly series: readonly Series[];
  /** A horizontal line to compare with, for example a condition's right value. */
  readonly threshold: number | null;
  /** `line` for what grows, `bar` for one value each. */
  readonly form: 'line' | 'bar';
}

/** One row of a table of facts; `was` is what differs from the full profile. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly was?: string;
}

/** One argument: as the definition declares it, and with this run's values. */
export interface Argument {
  readonly path: string;
  readonly declared: string;
  readonly value: string;
  /** Its value under the full profile, where that differs. */
  readonly full?: string;
}

/** Source text, cut into [token kind, text] for its colours. */
export interface Code {
  readonly title: string;
  readonly tokens: readonly (readonly [kind: string, text: string])[];
}

/** What a step reads or writes. */
export interface Artifact {
  readonly label: string;
  readonly uri: string;
  /** `3 files, 1.2 MB`; empty when unknown. */
  readonly size: string;
  /** The objects under it, at most a few. */
  readonly objects: readonly { readonly uri: string; readonly name: string; readonly size: string }[];
}

/** The beginning of an object. */
export type ObjectPreview =
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[]; readonly more: boolean }
  | { readonly kind: 'text'; readonly text: string; readonly more: boolean }
  | { readonly kind: 'image'; readonly mime: string; readonly base64: string }
  | { readonly kind: 'none'; readonly text: string };

/** All that the drawer shows of one node. Parts that do not apply are empty. */
export interface Detail {
  readonly node: string;
  readonly heading: string;
  readonly facts: readonly Fact[];
  /** The failure, first of all: the reason, and the script's own line. */
  readonly failure: { readonly reason: string; readonly line: string } | null;
  readonly arguments: readonly Argument[];
  readonly code: readonly Code[];
  readonly inputs: readonly Artifact[];
  readonly outputs: readonly Artifact[];
  readonly plots: readonly Plot[];
  /** A state's input, output, error and cause, as JSON text. */
  readonly payloads: readonly { readonly label: string; readonly text: string }[];
  /** Why each attempt before this one failed, for people. */
  readonly attempts: readonly string[];
  /**
   * How the run goes on from here: in the same execution, in a `new` one, or `none`, and what happens then or
   * why nothing can; null where nobody can tell.
   */
  readonly again: { readonly way: 'retry' | 'new' | 'none'; readonly words: string } | null;
  /** Whether there is, or will be, a log to read. */
  readonly logs: boolean;
}

/** What the host tells the renderer. */
export type HostEvent =
  | { readonly type: 'document'; readonly document: ViewDocument }
  | {
      readonly type: 'delta';
      readonly run?: Partial<RunState>;
      readonly steps?: readonly StepState[];
      /** Nodes of the scene that are otherwise now, at the same place: a step began to hold something. */
      readonly nodes?: readonly (readonly [index: number, node: SceneNode])[];
    }
  | { readonly type: 'scene'; readonly scene: Scene; readonly steps: readonly StepState[] }
  | { readonly type: 'detail'; readonly detail: Detail }
  | {
      readonly type: 'log';
      readonly node: string;
      readonly lines: readonly string[];
      /** Whether these lines begin the log anew. */
      readonly first: boolean;
      readonly over: boolean;
    }
  | { readonly type: 'object'; readonly uri: string; readonly preview: ObjectPreview }
  | { readonly type: 'progress'; readonly what: string; readonly share: number | null }
  | { readonly type: 'said'; readonly text: string; readonly bad: boolean };

/** What a person can have done. */
export type Action = 'stop' | 'retry' | 'watch';

/** What the renderer asks of its host. */
export type HostRequest =
  | { readonly type: 'hello' }
  | { readonly type: 'toggle'; readonly node: string }
  /** Open what hides a node: the scene that comes then has it. */
  | { readonly type: 'show'; readonly node: string }
  | { readonly type: 'fold'; readonly all: boolean }
  | { readonly type: 'open'; readonly node: string }
  | { readonly type: 'close' }
  | { readonly type: 'log'; readonly node: string; readonly follow: boolean }
  | { readonly type: 'object'; readonly uri: string }
  | { readonly type: 'compare'; readonly arns: readonly string[] }
  | { readonly type: 'act'; readonly action: Action; readonly node?: string };

/** What people chose; scripts read and set it too. */
export interface Choice {
  /** Id of the selected node; empty for none. */
  selection: string;
  /** What is searched for; empty shows all. */
  filter: string;
}

/** What carries messages for the renderer: an anywidget model, a comm, or nothing at all. */
export interface Host {
  /** Whether anybody answers. Without, the drawing is what it was when it was saved. */
  readonly live: boolean;
  /** Send a request. */
  ask(request: HostRequest): void;
  /** Tell of what people chose. */
  chose(choice: Choice): void;
}

/** One row of a table of executions. */
export interface ExecutionRow {
  readonly arn: string;
  readonly pipeline: string;
  readonly status: string;
  readonly mark: Mark;
  /** Epoch seconds; null before it began. */
  readonly started: number | null;
  /** Seconds it took, or has taken so far; null where nobody looked yet. */
  readonly took: number | null;
  readonly cost: string;
}

/** Two runs side by side: `values` are left and right. */
export interface Comparison {
  readonly names: readonly [string, string];
  readonly sections: readonly {
    readonly title: string;
    readonly rows: readonly { readonly label: string; readonly values: readonly [string, string] }[];
  }[];
  readonly plots: readonly Plot[];
}

/** A table of executions, and the two that are compared. */
export interface ExecutionsDocument {
  readonly version: 1;
  readonly view: 'executions';
  readonly title: string;
  readonly rows: readonly ExecutionRow[];
  readonly comparison: Comparison | null;
}

/** What a widget or a record may hold. */
export type ViewDocument = DagDocument | ExecutionsDocument;

/** What draws a document. */
export interface View {
  readonly element: HTMLElement;
  receive(event: HostEvent): void;
  select(id: string): void;
  filter(text: string): void;
  dispose(): void;
}
