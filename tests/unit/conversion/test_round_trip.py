"""``%%step`` cells of every kind become SDK code and ``%%step`` cells again, with the same definition."""

from __future__ import annotations

import pytest

from pipecell.conversion import to_sdk, to_steps
from pipecell.conversion.differences import canonical, uploads_that_differ
from pipecell.declare.notebook import Notebook, compile_declaration
from tests.unit.declare.jobs.conftest import Cells

PARAMETERS = """
from sagemaker.workflow.parameters import *
low = ParameterFloat('Low', default_value=0.5)
n = ParameterInteger('N', default_value=2)
name = ParameterString('Name', default_value='a', enum_values=['a', 'b'])
"""
TREES = "objective: binary:logistic\nnum_round: 5"
TRAIN = ("training T -i train=s3://b/t -i validation=s3://b/v", TREES)
FUNCTION = "def handler(event, context):\n    return {}"
IMAGE = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3-cpu"

KINDS: dict[str, list[tuple[str, str]]] = {
    "processing": [
        (
            "processing A -i raw=data.csv -i s=s3://b/x -o out -o more=s3://b/out --param a=1"
            " --param s=$low --env B=2 --env N=$n --arg=--fast --arg $name --max-runtime 2h --cache 30d"
            " --retry 3 --tag team=x --instance ml.m5.large*2 --volume 50 --with util.py",
            "import util\nprint(inputs, outputs, params)",
        )
    ],
    "own script": [
        ("processing A --script own.py -i raw=s3://b/x@/opt/ml/processing/in -o out@/opt/ml/processing/o", "")
    ],
    "job name": [("processing A --script own.py --job-name my-job --property-file R=out/r.json -o out", "")],
    "folder": [("processing A --script run.py --source package --image xgboost:1.7-1", "")],
    "entrypoint": [("processing A --entrypoint python3 --entrypoint=-c --image xgboost:1.7-1 --arg x", "")],
    "algorithm": [
        (
            "training T -i train=s3://b/t --tag a=b --cache 1d --max-runtime 1h -o model=s3://b/m",
            f"{TREES}\nmax_depth: $n",
        )
    ],
    "training script": [
        (
            "training T --image sklearn:1.2-1 -i train=data.csv --param trees=5 --param name=x --with util.py"
            " --metric 'auc=auc: ([0-9.]+)'",
            "import util\nprint(params, inputs)",
        )
    ],
    "tuning": [
        TRAIN,
        ("tuning S --training T --jobs 4 --strategy Random", "eta: 0.05..0.5 log\nbooster: [gbtree, dart]"),
        ("register K --model S", ""),
    ],
    "tuning of a script": [
        (
            "tuning S --image sklearn:1.2-1 -i train=s3://b/t --script own.py --maximize"
            " --metric 'auc=auc: ([0-9.]+)'",
            "a: 1..5\nb: 0.1..0.5",
        )
    ],
    "model and transform": [
        TRAIN,
        ("model M --model T --env A=b", ""),
        ("transform P --model M -i data=s3://b/x --join --output-filter $$[0] -o predictions=s3://b/p", ""),
        ("transform Q --model T -i data=s3://b/x", ""),
        ("processing R -i p=P.predictions", "print(inputs)"),
    ],
    "model by its plain name": [TRAIN, ("model M --model T --plain-name", "")],
    "condition, register and fail": [
        TRAIN,
        ("processing E -i m=T.model -o report", "print(inputs, outputs)"),
        ("register K --model T --group G --metrics E.report --approval $name --description text", ""),
        (
            "condition C --depends T",
            'if E.report["a.b"] >= 0.5 and not (low > 0.2 or n in [1, 2]):\n    K\n'
            'elif name == "x":\n    W\nelse:\n    V',
        ),
        ("fail W", "too $low weak $$"),
        ("fail V", "v"),
    ],
    "lambda and callback": [
        ("lambda L -i who=world -i n=$n -o text -o sure:Boolean", FUNCTION),
        ("lambda O --script function.py --function f -i a=1", ""),
        ("lambda G --function arn:aws:lambda:us-east-1:123456789012:function:given -i a=1 -o b", ""),
        ("callback C --queue https://sqs.us-east-1.amazonaws.com/1/q -i a=L.text -o b:Integer", ""),
    ],
    "notebook": [
        ("notebook N --param a=1", "a = 0\nprint(a)"),
        (f"notebook F --notebook notebook.ipynb --image {IMAGE} --job-name report", ""),
    ],
    "quality-check": [
        ("quality-check Q -i data=s3://b/x.csv --skip", "header: false"),
        (
            "quality-check R -i data=s3://b/x.csv --check model",
            "problem_type: Regression\ninference_attribute: p\nground_truth_attribute: y",
        ),
    ],
    "clarify-check": [
        TRAIN,
        ("model M --model T", ""),
        (
            "clarify-check B -i data=s3://b/x.csv --check model-bias --model M",
            "label: y\nheaders: y,sex,x\nfacet_name: sex\nlabel_values_or_threshold: 1\n"
            "probability_threshold: 0.5",
        ),
        ("clarify-check D -i data=s3://b/x.csv", "label: y\nfacet_name: sex\nlabel_values_or_threshold: 1"),
    ],
    "emr": [
        ("emr E --cluster j-1 --arg x --retry 2 -i data=s3://b/x", "print(1)"),
        ("emr S --cluster j-1 --script own.py --arg x", ""),
        ("emr J --cluster j-1 --jar s3://b/j.jar --main-class a.B --arg x", ""),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(cells: Cells, kind: str) -> None:
    cells.pipeline("P", PARAMETERS)
    for line, body in KINDS[kind]:
        cells.step(line, body)
    assert cells.problems() == []
    notebook, space = Notebook(), dict(cells.namespace)
    notebook.declare("P", PARAMETERS, space, cell_id="parameters")
    for number, cell in enumerate(to_sdk(cells.notebook.get(), cells.namespace).after):
        notebook.declare("P", cell.partition("\n")[2], space, cell_id=str(number))
    back = to_steps(notebook.get(), space)
    assert "--set" not in "".join(back.after)

    again = Cells()
    again.namespace |= space
    for cell in back.after:
        again.run(cell)
    assert canonical(again.body()) == canonical(cells.body())
    assert uploads_that_differ(cells.compiled(), again.compiled()) == []


def test_what_set_says_is_refused_on_the_way_to_sdk_code(cells: Cells) -> None:
    cells.step("processing A --script own.py --set .DisplayName=Clean")
    with pytest.raises(Exception, match="--set"):
        to_sdk(cells.notebook.get(), cells.namespace)


def test_compiling_is_the_judge(cells: Cells) -> None:
    cells.pipeline("P", PARAMETERS)
    cells.step(*TRAIN)
    cells.pipeline(
        "P",
        "from sagemaker.workflow.fail_step import FailStep\nFailStep('F', error_message='no')",
        cell_id="code",
    )
    made = to_steps(cells.notebook.get(), cells.namespace)
    assert [cell for cell in made.after if cell.startswith("%%step training")] == [
        cells.notebook.get().runs[1].source
    ]
    compiled = compile_declaration(cells.notebook.get())
    assert compiled.document.name == made.pipeline
