/** The notebook that the launcher makes: it runs from top to bottom on this machine, with no AWS account. */

import type { INotebookContent } from '@jupyterlab/nbformat';

const CELLS: readonly (readonly ['markdown' | 'code', string])[] = [
  [
    'markdown',
    '# A pipeline\n\nRun the cells from top to bottom. Everything runs on this machine; nothing reaches AWS unless you say so.'
  ],
  ['code', '%load_ext pipecell'],
  ['markdown', 'A `%%pipeline` cell names the pipeline and makes its parameters.'],
  [
    'code',
    `%%pipeline FirstPipeline
from sagemaker.workflow.parameters import ParameterInteger

count = ParameterInteger("Count", default_value=10)`
  ],
  [
    'markdown',
    'A `%%step` cell is a job: an ordinary script, which is also kept in `steps/FirstPipeline`. This one writes a table, and the next one reads it. The DAG appears below at once, with every problem that can be found before a run.'
  ],
  [
    'code',
    `%%step processing MakeTable --param count=$count -o table
rows = [f"{number},{number * number}" for number in range(params["count"])]
(outputs["table"] / "squares.csv").write_text("\\n".join(rows))
print(f"{len(rows)} rows written")`
  ],
  [
    'code',
    `%%step processing CountRows -i table=MakeTable.table
rows = (inputs["table"] / "squares.csv").read_text().splitlines()
print(f"{len(rows)} rows read")`
  ],
  ['markdown', 'Run it, here with another value of its parameter, and read the log of a step.'],
  ['code', '%pipeline run --set Count=12 --wait'],
  ['code', '%pipeline logs CountRows'],
  ['markdown', '`%pipeline --help` lists what else can be done with a pipeline; the panel "Pipelines" on the right does it by buttons.']
];

/** The kernel that runs the notebook; JupyterLab asks for one where it has none of this name. */
export interface TemplateKernel {
  readonly name: string;
  readonly displayName: string;
}

/** Return the notebook's content. */
export function template({ name, displayName }: TemplateKernel): INotebookContent {
  return {
    cells: CELLS.map(([type, source], index) => ({
      id: `pipeline-${index}`,
      cell_type: type,
      metadata: {},
      source,
      ...(type === 'code' ? { execution_count: null, outputs: [] } : {})
    })),
    metadata: { kernelspec: { display_name: displayName, language: 'python', name } },
    nbformat: 4,
    nbformat_minor: 5
  };
}
