import manifest from '../../package.json';

/** The extension's name; plugin ids, command ids and the settings' schema begin with it. */
export const NAME = manifest.name;

/** The version, the same as that of the Python package. */
export const VERSION = manifest.version;

/** How the palette and the launcher group what this extension adds. */
export const CATEGORY = 'Pipelines';

/** Ids of the commands that this extension adds. */
export const CommandIDs = {
  /** Say what pipecell is and which version is installed. */
  about: 'pipecell:about',
  /** Show the side panel, at a step where `step` names one. */
  show: 'pipecell:show',
  /** Check, deploy and start the notebook's pipeline. */
  run: 'pipecell:run',
  /** Stop the pipeline's running execution. */
  stop: 'pipecell:stop',
  /** Go on with the pipeline's failed execution from where it failed. */
  retry: 'pipecell:retry',
  /** Put the profile smoke or full in force; without `profile` the other one. */
  profile: 'pipecell:profile',
  /** Choose where AWS calls of the kernel go. */
  target: 'pipecell:target',
  /** Run every cell that is stale, from top to bottom. */
  refresh: 'pipecell:refresh',
  /** Go to the next problem of the notebook's pipelines. */
  nextProblem: 'pipecell:next-problem',
  /** Make a notebook that declares a pipeline and runs it. */
  create: 'pipecell:create-notebook'
} as const;
