/** The notebook that the launcher makes: it runs from top to bottom on this machine, with no AWS account. */

import type { INotebookContent } from '@jupyterlab/nbformat';

const CELLS: readonly (readonly ['markdown' | 'code', string])[] = [
  [
    'markdown',
    '# A pipeline\n\nRun the cells from top to bottom. Everything runs on this machine; nothing reaches AWS unless you say so.'
  ],
  ['code', '%load_ext pipecell'],
  [
    'markdown',
    'A step of a pipeline is an ordinary script. This one writes a table, and the next one reads it.'
  ],
  [
    'code',
    `%%writefile make.py
from pathlib import Path

rows = "\\n".join(f"{number},{number * number}" for number in range(10))
Path("/opt/ml/processing/table/squares.csv").write_text(rows)
print("10 rows written")`
  ],
  [
    'code',
    `%%writefile count.py
from pathlib import Path

rows = Path("/opt/ml/processing/input/squares.csv").read_text().splitlines()
print(f"{len(rows)} rows read")`
  ],
  [
    'markdown',
    'The cell below declares the pipeline. Its DAG appears at once, with every problem that can be found before a run.'
  ],
  [
    'code',
    `%%pipeline FirstPipeline
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.steps import ProcessingStep

instance_type = ParameterString("InstanceType", default_value="ml.m5.large")
processor = SKLearnProcessor(
    framework_version="1.2-1",
    instance_type=instance_type,
    instance_count=1,
    role="arn:aws:iam::000000000000:role/PipelineRole",
)
make = ProcessingStep(
    "Make",
    processor=processor,
    code="make.py",
    outputs=[ProcessingOutput(output_name="table", source="/opt/ml/processing/table")],
)
table = make.properties.ProcessingOutputConfig.Outputs["table"].S3Output.S3Uri
count = ProcessingStep(
    "Count",
    processor=processor,
    code="count.py",
    inputs=[ProcessingInput(source=table, destination="/opt/ml/processing/input")],
)`
  ],
  ['code', '%pipeline run --wait'],
  ['code', '%pipeline logs Count']
];

/** Return the notebook's content. */
export function template(): INotebookContent {
  return {
    cells: CELLS.map(([type, source], index) => ({
      id: `pipeline-${index}`,
      cell_type: type,
      metadata: {},
      source,
      ...(type === 'code' ? { execution_count: null, outputs: [] } : {})
    })),
    metadata: { kernelspec: { display_name: 'Python 3 (ipykernel)', language: 'python', name: 'python3' } },
    nbformat: 4,
    nbformat_minor: 5
  };
}
