"""The files that steps run: found among the uploads, parsed, their imports resolved, their reports read."""

from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.checks import Diagnostic, check
from pipecell.definition.checks.code import running
from pipecell.definition.code import scripts

BUCKET = "s3://bucket/code"
INPUT = "/opt/ml/processing/input"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def archive(**files: str) -> bytes:
    return scripts.archive({name.replace("__", "."): text.encode() for name, text in files.items()})


def document(*steps: dict[str, Any]) -> Document:
    return read_document({"Version": "2020-12-01", "Steps": list(steps)})


def code_findings(doc: Document, files: dict[str, bytes]) -> list[Diagnostic]:
    return [d for d in check(doc, files) if d.code.startswith("PC4")]


def processed(text: str, entry: str = "train.py") -> list[Diagnostic]:
    uri = f"{BUCKET}/train.py"
    return code_findings(document(running(entry, uri)), {uri: text.encode()})


def trained(program: str = "train.py", image: str = SKLEARN, **files: str) -> list[Diagnostic]:
    values = {
        "sagemaker_program": f'"{program}"',
        "sagemaker_submit_directory": f'"{BUCKET}/sourcedir.tar.gz"',
    }
    arguments = {"AlgorithmSpecification": {"TrainingImage": image}, "HyperParameters": values}
    step = {"Name": "Train", "Type": "Training", "Arguments": arguments}
    return code_findings(document(step), {f"{BUCKET}/sourcedir.tar.gz": archive(**files)})


def test_a_file_that_is_not_uploaded() -> None:
    (found,) = processed("print(1)", entry="trian.py")
    assert (found.code, found.severity, found.step) == ("PC410", "error", "Prepare")
    assert found.hint == 'Did you mean "train.py"?'
    (found,) = trained("main.py", train__py="print(1)")
    assert (found.code, found.path) == ("PC410", "Arguments.HyperParameters['sagemaker_program']")


def test_nothing_is_said_where_the_files_are_not_known() -> None:
    assert code_findings(document(running("trian.py")), {}) == []
    assert code_findings(document(running("trian.py")), {"s3://other/x.py": b"("}) == []


def test_a_folder_of_s3_may_hold_more_than_is_uploaded() -> None:
    step = running("main.py", BUCKET)
    assert code_findings(document(step), {f"{BUCKET}/helper.py": b"1"}) == []
    (found,) = code_findings(document(step), {f"{BUCKET}/main.py": b"("})
    assert found.code == "PC411"


def test_the_folder_of_the_code_may_lie_in_that_of_an_input() -> None:
    step = running("train.py", f"{BUCKET}/train.py")
    outer = {"S3Uri": f"{BUCKET}/churn.csv", "LocalPath": INPUT, "S3DataType": "S3Prefix"}
    step["Arguments"]["ProcessingInputs"].insert(0, {"InputName": "raw", "S3Input": outer})
    data = {f"{BUCKET}/churn.csv": b"1,2"}
    assert code_findings(document(step), {**data, f"{BUCKET}/train.py": b"print(1)"}) == []
    (found,) = code_findings(document(step), {**data, f"{BUCKET}/train.py": b"("})
    assert found.code == "PC411"


def test_a_syntax_error_says_the_line() -> None:
    (found,) = processed("a = 1\nb = (\n")
    assert (found.code, found.severity) == ("PC411", "error")
    assert found.message.startswith("train.py, line 2: ")
    (found,) = trained(train__py="import helper\n", helper__py="def f(:\n")
    assert found.message.startswith("helper.py, line 1: ")


def test_a_file_that_nothing_imports_may_be_anything() -> None:
    assert trained(train__py="import json\n", template__py="{{ not python }}") == []


def test_imports_that_the_image_does_not_have() -> None:
    (found,) = processed("import json, numpy\nfrom lightgbm import LGBMClassifier\n")
    assert (found.code, found.severity) == ("PC412", "warning")
    assert "train.py, line 2 imports lightgbm" in found.message
    (found,) = processed("import helper\n")
    assert "imports helper" in found.message


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None\n",
        "import subprocess\nsubprocess.run(['pip', 'install', 'lightgbm'])\nimport lightgbm\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lightgbm\n",
        "import sklearn.metrics, pandas.io, boto3, xgboost\n",
        "from . import helper\n",
    ],
)
def test_imports_that_may_be_there(text: str) -> None:
    assert processed(text) == []


def test_imports_of_files_that_come_along() -> None:
    assert (
        trained(train__py="import helper\nfrom package import thing", helper__py="", **{"package/x__py": ""})
        == []
    )
    assert trained(train__py="import lightgbm", requirements__txt="lightgbm") == []
    assert trained(train__py="import lightgbm", image="1.dkr.ecr.us-east-1.amazonaws.com/mine:1") == []


def evaluated(script: str, path: str, file: str = "evaluation.json") -> list[Diagnostic]:
    step = running("evaluate.py", f"{BUCKET}/evaluate.py")
    output = {"OutputName": "evaluation", "S3Output": {"LocalPath": "/opt/ml/processing/evaluation"}}
    step["Arguments"]["ProcessingOutputConfig"] = {"Outputs": [output]}
    step["PropertyFiles"] = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": file}]
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Prepare.PropertyFiles.Report"}, "Path": path}}
    fail = {"Name": "Weak", "Type": "Fail", "Arguments": {"ErrorMessage": value}}
    return code_findings(document(step, fail), {f"{BUCKET}/evaluate.py": script.encode()})


DUMP = 'with open("/opt/ml/processing/evaluation/evaluation.json", "w") as f:\n    {}\n'
SAVE = DUMP.format("json.dump(report, f)")
WRITE = DUMP.format("f.write(json.dumps(report))")
LITERAL = "import json\nreport = {'metrics': {'mse': {'value': mse}, 'n': 3}}\n" + SAVE
STRING = "import json\nreport = {'metrics': {'mse': {'value': mse}}}\n" + WRITE
IN_A_FUNCTION = "import json\ndef save(report):\n    " + SAVE.replace("    json", "        json")
GROWN = (
    "import json, pathlib\nreport = {}\nreport['metrics'] = {'mse': {'value': 1}}\n"
    "pathlib.Path('evaluation.json').write_text(json.dumps(report, indent=1))\n"
)


@pytest.mark.parametrize("script", [LITERAL, STRING, GROWN])
def test_a_path_that_is_never_written(script: str) -> None:
    (found,) = evaluated(script, "metrics.rmse.value")
    assert (found.code, found.severity, found.step) == ("PC420", "error", "Weak")
    assert found.message == "evaluate.py never writes metrics.rmse.value (Report)."
    assert found.hint == 'Did you mean "metrics.mse.value"?'
    assert evaluated(script, "metrics.mse.value") == []
    assert evaluated(script, "metrics['mse']['value']") == []


def test_nothing_is_below_a_number() -> None:
    assert [d.code for d in evaluated(LITERAL, "metrics.n.value")] == ["PC420"]
    assert evaluated(LITERAL, "metrics.mse.value.anything") == []


@pytest.mark.parametrize(
    "script",
    [
        "import json\nreport = {k: 1 for k in names}\n" + SAVE,
        "import json\nreport = {'a': 1}\nreport.update(more)\n" + SAVE,
        "import json\nreport = {'a': 1}\nextend(report)\n" + SAVE,
        "import json\nreport = {'a': 1, **more}\n" + SAVE,
        "import json\nreport = {'a': 1}\nreport[name] = 2\n" + SAVE,
        "import json\nif x:\n    report = {'a': 1}\nelse:\n    report = {'b': 1}\n" + SAVE,
        IN_A_FUNCTION + "report = {'a': 1}\nsave(report)\n",
        "import json\nprint(json.dumps({'a': 1}))\nframe.to_json('evaluation.json')\n",
        "import json\nprint(json.dumps({'a': 1}))\n" + DUMP.format("f.write(text)"),
        "import json\nreport = {'metrics': compute()}\n" + SAVE,
        "import shutil\nshutil.copy('x', 'evaluation.json')\n",
    ],
)
def test_what_is_not_certain_is_not_accused(script: str) -> None:
    assert evaluated(script, "metrics.rmse.value") == []


def test_a_file_that_the_script_never_mentions() -> None:
    (found,) = evaluated(LITERAL, "metrics.mse.value", file="report.json")
    assert (found.code, found.severity, found.path) == ("PC421", "warning", "PropertyFiles[0].FilePath")
    for script in ("import os\nopen(os.environ['OUT'])", "open(f'{name}.json')", "open('%s.json' % name)"):
        assert evaluated(script, "a", file="report.json") == []


def test_the_file_that_a_framework_processor_runs() -> None:
    step = running("x")
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    step["Arguments"]["ProcessingInputs"] = [
        {
            "InputName": name,
            "S3Input": {"S3Uri": f"{BUCKET}/{file}", "LocalPath": f"/opt/ml/processing/input/{name}/"},
        }
        for name, file in (("code", "sourcedir.tar.gz"), ("entrypoint", "runproc.sh"))
    ]
    files = {
        f"{BUCKET}/runproc.sh": b'#!/bin/bash\ntar -xzf sourcedir.tar.gz\npython main.py "$@"\n',
        f"{BUCKET}/sourcedir.tar.gz": archive(main__py="x = (\n"),
    }
    (found,) = code_findings(document(step), files)
    assert (found.code, found.step) == ("PC411", "Prepare")
