"""A small pipeline for the extension's tests: two scripts, two steps, two cells; NAME stands for its name."""

LOAD = "%load_ext pipecell"

SCRIPTS = """from pathlib import Path
Path("slow.py").write_text("import pathlib, time\\nprint('begun', flush=True)\\n"
    "while not pathlib.Path(%r).exists(): time.sleep(0.05)\\nprint('<b>prepared</b>', flush=True)\\n" % DOOR)
Path("quick.py").write_text("print('trained')")"""

PREPARE = """%%pipeline NAME
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.steps import ProcessingStep
kind = ParameterString("InstanceType", default_value="ml.m5.4xlarge")
count = ParameterInteger("InstanceCount", default_value=2)
def processor(kind=kind):
    return SKLearnProcessor("1.2-1", "arn:aws:iam::000000000000:role/R", count, kind)
prepare = ProcessingStep("Prepare", processor=processor(), code="slow.py")"""

TRAIN = """%%pipeline NAME
train = ProcessingStep("Train", processor=processor("ml.m5.larg"), code="quick.py", depends_on=[prepare])"""


def scripts(door: str) -> str:
    """Return the cell that writes the scripts; the slow one ends when the file ``door`` is there."""
    return f"DOOR = {door!r}\n{SCRIPTS}"
