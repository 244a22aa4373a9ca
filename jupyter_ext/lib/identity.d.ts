/** The extension's name; plugin ids, command ids and the settings' schema begin with it. */
export declare const NAME: string;
/** The version, the same as that of the Python package. */
export declare const VERSION: string;
/** Ids of the commands that this extension adds. */
export declare namespace CommandIDs {
    /** Say what pipecell is and which version is installed. */
    const about = "pipecell:about";
}
