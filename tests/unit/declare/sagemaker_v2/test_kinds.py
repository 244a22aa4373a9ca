from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.compiled import Compiled
from pipecell.declare.notebook import Notebook
from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from pipecell.declare.sagemaker_v2.offline import PATCHES
from tests.unit.declare.conftest import Declare
from tests.unit.declare.sagemaker_v2.kinds import FILES, KINDS, PRELUDE, Kind


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)


def _facts(compiled: Compiled) -> Any:
    return (
        json.dumps(compiled.document.body),
        [(upload.uri, upload.digest) for upload in compiled.uploads],
        compiled.functions,
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_compiles_offline(cell: Declare, kind: Kind) -> None:
    compiled = compile_pipeline(cell(PRELUDE + kind.source, "1", 1))
    body = compiled.document.body
    assert {step["Name"]: step["Type"] for step in body["Steps"]} == kind.types
    assert tuple(parameter["Name"] for parameter in body["Parameters"]) == kind.parameters
    assert tuple(upload.key.rpartition("/")[2] for upload in compiled.uploads) == kind.uploads
    assert set(compiled.document.cells.values()) == {1}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_same_cell_compiles_to_the_same_bytes(cell: Declare, kind: Kind) -> None:
    first = cell(PRELUDE + kind.source, "1")
    facts = _facts(compile_pipeline(first))
    assert _facts(compile_pipeline(first)) == facts  # compiled again
    assert _facts(compile_pipeline(cell(PRELUDE + kind.source, "1"))) == facts  # run again
    assert _facts(compile_pipeline(cell("x = 1", "2"))) == facts  # another cell ran
    assert not re.search(r"200[01]-\d\d-\d\d-\d\d|\b9\d{8}\b|70697065", facts[0])


def test_another_process_compiles_to_the_same_bytes(cell: Declare, tmp_path: Path) -> None:
    """With nothing loaded, no credentials and another hash seed: the first cell of a new kernel."""
    sources = [PRELUDE + kind.source for kind in KINDS.values()]
    here = [
        _facts(compile_pipeline(cell(source, str(number), name=f"Pipeline{number}")))
        for number, source in enumerate(sources)
    ]
    script = tmp_path / "other.py"
    script.write_text(
        "import json, pickle, socket, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "def refuse(*args): raise OSError(f'network: {args}')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from pipecell.declare.notebook import Notebook\n"
        "from pipecell.declare.sagemaker_v2 import compile\n"
        "notebook, facts = Notebook(), []\n"
        "for number, source in enumerate(json.load(open('sources.json'))):\n"
        "    c = compile(notebook.declare(f'Pipeline{number}', source, {'__name__': '__main__'}))\n"
        "    uploads = [(u.uri, u.digest) for u in c.uploads]\n"
        "    facts.append((json.dumps(c.document.body), uploads, c.functions))\n"
        "sys.stdout.buffer.write(b'FACTS' + pickle.dumps(facts))\n"
    )
    (tmp_path / "sources.json").write_text(json.dumps(sources))
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, script], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    import pickle

    assert pickle.loads(done.stdout.partition(b"FACTS")[2]) == here


def test_every_patch_finds_its_place_in_this_sdk(cell: Declare) -> None:
    for number, kind in enumerate(KINDS.values()):
        cell(PRELUDE + kind.source, str(number), name=f"Pipeline{number}")
    import sagemaker.remote_function.client
    import sagemaker.workflow.model_step  # noqa: F401

    with PATCHES.held():
        assert [f"{patch.module}.{patch.attribute}" for patch in PATCHES.missing()] == []


def test_outside_the_sdk_is_untouched(cell: Declare) -> None:
    import importlib

    cell(PRELUDE, "1")
    places = []
    for patch in PATCHES.patches:
        holder: Any = importlib.import_module(patch.module)
        *outer, name = patch.attribute.split(".")
        for part in outer:
            holder = getattr(holder, part)
        places.append((holder, name, vars(holder)[name]))
    compile_pipeline(cell(PRELUDE + KINDS["step functions of Python"].source, "1"))
    assert all(vars(holder)[name] is original for holder, name, original in places)


def test_a_lambda_function_is_deployed_with_the_pipeline(cell: Declare) -> None:
    compiled = compile_pipeline(cell(PRELUDE + KINDS["lambda, callback and EMR"].source, "1"))
    (function,) = compiled.functions
    assert function.arn == "arn:aws:lambda:us-east-1:000000000000:function:made"
    assert function.settings["Handler"] == "function.handler"
    import io
    import zipfile

    assert function.code is not None
    archive = zipfile.ZipFile(io.BytesIO(function.code))
    assert archive.read("function.py").decode() == FILES["function.py"]


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        ("processing by processor, default session", "code/preprocessing.py"),
        ("framework estimator, default session", "source/helper.py"),
        ("framework processor", "source/helper.py"),
        ("model step, register and create", "source/inference.py"),
        ("notebook job", "notebook.ipynb"),
    ],
)
def test_other_code_has_another_key(notebook: Notebook, tmp_path: Path, kind: str, script: str) -> None:
    """A stable key under which the content changes would be a false cache hit."""

    def keys() -> list[str]:
        declaration = notebook.declare("Census", PRELUDE + KINDS[kind].source, {}, cell_id="1")
        return [upload.key for upload in compile_pipeline(declaration).uploads]

    before = keys()
    (tmp_path / script).write_text((tmp_path / script).read_text() + "\n")
    after = keys()
    assert len(before) == len(after)
    assert before != after
    (tmp_path / script).write_text(FILES[script])
    assert keys() == before


def test_byte_code_and_access_times_change_nothing(cell: Declare, tmp_path: Path) -> None:
    source = PRELUDE + KINDS["framework estimator"].source
    before = _facts(compile_pipeline(cell(source, "1")))
    (tmp_path / "source" / "__pycache__").mkdir()
    (tmp_path / "source" / "__pycache__" / "train.pyc").write_bytes(b"x")
    os.utime(tmp_path / "source" / "train.py", (1, 1))
    assert _facts(compile_pipeline(cell(source, "1"))) == before


def test_the_users_requirements_stay_as_they_are(cell: Declare, tmp_path: Path) -> None:
    """The SDK adds itself to them; the step is reached through another one's argument only."""
    (tmp_path / "requirements.txt").write_text("pandas\n")
    source = (
        PRELUDE + "from sagemaker.workflow.function_step import step\n"
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "@step(image_uri=IMAGE, instance_type='ml.m5.large', role=role, dependencies='requirements.txt')\n"
        "def prepare(): return 1\n"
        "@step(image_uri=IMAGE, instance_type='ml.m5.large', role=role)\n"
        "def train(data): return 2\n"
        "pipeline = Pipeline('Census', steps=[train(prepare())])\nprint(pipeline.definition()[:1])\n"
    )
    declaration = cell(source, "1")
    facts = _facts(compile_pipeline(declaration))
    assert _facts(compile_pipeline(declaration)) == facts
    uploads = {upload.key.rpartition("/")[2]: upload for upload in compile_pipeline(declaration).uploads}
    assert uploads["requirements.txt"].source == b"pandas\n\nsagemaker>=2.256.0,<3.0.0\n"
    assert (tmp_path / "requirements.txt").read_text() == "pandas\n"
