/**
 * What a kernel and this extension tell each other over the comm `pipecell`.
 *
 * `pipecell.frontend` writes these values; this file is the one description of them. Every text in
 * them may come from users, logs or untrusted notebooks: it is shown as text and nothing else.
 */

import type { DagDocument } from '../dag';

export const TARGET = 'pipecell';
export const PROTOCOL = 1;

export type Target = 'local' | 'aws';
/** The name of a profile: `smoke`, `full`, or people's own. */
export type Profile = string;
export type Severity = 'error' | 'warning' | 'info';
export type Ink = 'ok' | 'run' | 'fail' | 'wait' | 'stop' | 'cache';

/** A piece of a cell's text, in UTF-16 code units; `exact` when it is what is wrong, and not only its step. */
export interface Place {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly exact: boolean;
}

/** One problem; `cell` is the id of the cell that it comes from. */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly step: string | null;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  readonly cell: string | null;
  readonly place: Place | null;
}

/** A cell that declares, with its whole text as it was when it ran. */
export interface DeclaringCell {
  readonly id: string;
  readonly number: number | null;
  readonly source: string;
  /** Whether other cells hold all that it declares. */
  readonly outdone?: boolean;
}

/** A step or state; `needs` are the ids of those it waits for or is made from. */
export interface Step {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  /** Whether it may write a log. */
  readonly logs: boolean;
  readonly cell: string | null;
  readonly parent: string | null;
  readonly needs: readonly string[];
}

/** The DAG as it is folded now. */
export interface Overview {
  readonly dag: DagDocument | null;
  /** Ids of all steps that a drawn node stands for, by its id; those that stand for themselves are left out. */
  readonly stacks: Readonly<Record<string, readonly string[]>>;
  /** What people folded and opened, to be given back with the next change of it. */
  readonly folded: readonly string[];
  readonly opened: readonly string[];
}

export interface Pipeline extends Overview {
  readonly name: string;
  /** Its name where it is deployed. */
  readonly deployed: string;
  readonly engine: 'sagemaker' | 'stepfunctions';
  readonly cells: readonly DeclaringCell[];
  readonly steps: readonly Step[];
  readonly problems: readonly Problem[];
  readonly profile: Profile;
  readonly profiles: Readonly<Record<Profile, Readonly<Record<string, unknown>>>>;
  /** What a run costs on AWS with each profile, for people: `$0.02–0.05`; absent where unknown. */
  readonly costs: Readonly<Record<Profile, string>>;
}

/** One execution; times are epoch seconds. */
export interface ExecutionRow {
  readonly arn: string;
  readonly pipeline: string;
  readonly engine: string;
  readonly on: Target;
  readonly status: string;
  readonly running: boolean;
  readonly sign: string;
  readonly ink: Ink;
  readonly started: number | null;
  readonly ended: number | null;
  readonly reason: string;
  readonly profile: string;
}

/** The state of one step in an execution. */
export interface StepState {
  readonly status: string;
  readonly sign: string;
  readonly ink: Ink;
  readonly word: string;
  readonly cached: boolean;
  readonly started: number | null;
  readonly ended: number | null;
  readonly reason: string;
  /** How far what it started is, for people: `3 of 10, best 0.93`; empty where it started nothing. */
  readonly value: string;
}

/** Where the AWS calls of the kernel go. */
export interface Calls {
  readonly target: Target;
  readonly region: string;
  readonly line: string;
  /** Whether there are credentials for AWS itself. */
  readonly aws: boolean;
}

export interface Executions {
  readonly pipeline: string;
  readonly on: Target;
  readonly rows: readonly ExecutionRow[];
  /** Why they cannot be listed; empty when they can. */
  readonly trouble: string;
  /** Steps whose definition is another one than in the newest execution. */
  readonly changed: readonly string[];
}

export interface RequestFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export type KernelMessage =
  | { readonly type: 'welcome'; readonly protocol: number }
  | ({ readonly type: 'place' } & Calls)
  | { readonly type: 'pipeline'; readonly pipeline: Pipeline }
  | { readonly type: 'gone'; readonly pipelines: readonly string[] }
  | { readonly type: 'refused'; readonly cell: string; readonly problem: Problem | null }
  | ({ readonly type: 'executions' } & Executions)
  | {
      readonly type: 'execution';
      readonly arn: string;
      readonly row: ExecutionRow;
      readonly steps: Readonly<Record<string, StepState>>;
    }
  | {
      readonly type: 'delta';
      readonly arn: string;
      readonly row: Partial<ExecutionRow>;
      readonly steps: Readonly<Record<string, StepState | null>>;
    }
  | {
      readonly type: 'log';
      readonly stream: string;
      readonly lines: readonly string[];
      /** Whether these lines begin the log anew. */
      readonly first: boolean;
      readonly over: boolean;
    }
  | {
      /** How far something is that happens before a run, from 0 to 1; at 1 it is over. */
      readonly type: 'progress';
      readonly pipeline: string;
      readonly what: string;
      readonly share: number;
    }
  | { readonly type: 'answer'; readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly ok: false; readonly error: RequestFailure };

/** Requests, with the type of each answer. */
export interface Requests {
  run: [
    { pipeline: string; on?: Target; only?: readonly string[]; from?: string },
    { arn: string; line: string }
  ];
  stop: [{ arn: string; on?: Target }, { arn: string }];
  retry: [{ arn: string; on?: Target }, { arn: string }];
  attach: [{ arn: string; on?: Target }, null];
  list: [{ pipeline: string; on: Target }, null];
  log: [{ arn: string; on?: Target; step: string; stream: string }, null];
  quiet: [{ stream: string }, null];
  profile: [{ pipeline: string; profile: Profile; values?: Readonly<Record<string, unknown>> }, unknown];
  /** The profile of all pipelines for which none was put in force. */
  defaults: [{ profile: Profile }, null];
  target: [{ target: Target }, { line: string }];
  bill: [{ pipeline: string }, { region: string; account: string }];
  fold: [{ pipeline: string; folded: readonly string[]; opened: readonly string[]; node: string }, Overview];
  /** Open what hides a node. */
  show: [{ pipeline: string; folded: readonly string[]; opened: readonly string[]; node: string }, Overview];
  /** A cell was deleted: what it declared goes. */
  forget: [{ cell: string }, null];
  /** A declaring cell reads otherwise than when it ran, or as it ran again. */
  edited: [{ cell: string; edited: boolean }, null];
  complete: [{ line: string }, { begun: string; words: readonly string[] }];
}

export type RequestName = keyof Requests;
