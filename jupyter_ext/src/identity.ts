import manifest from '../../package.json';

/** The extension's name; plugin ids, command ids and the settings' schema begin with it. */
export const NAME = manifest.name;

/** The version, the same as that of the Python package. */
export const VERSION = manifest.version;

/** Ids of the commands that this extension adds. */
export const CommandIDs = {
  /** Say what pipecell is and which version is installed. */
  about: 'pipecell:about'
} as const;
