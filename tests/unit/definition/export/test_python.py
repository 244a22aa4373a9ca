"""The script, run alone by the SDK alone, compiles to the definition that it was written from."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition import Document, read_document
from pipecell.definition.diff import compare
from pipecell.definition.export.names import variables
from pipecell.definition.export.python import File, to_python
from pipecell.errors import UsageError
from tests.unit.definition.export.everything import everything, machine
from tests.unit.golden.compare import definition

CHAPTER = Path(__file__).parents[2] / "declare" / "golden" / "chapter.json"

_RUN = """
import json, pathlib, sys, warnings
warnings.simplefilter("ignore")
sys.modules["pipecell"] = None  # a script that imports it fails
for path in sys.argv[1:]:
    space = {"__name__": "script"}
    exec(compile(pathlib.Path(path).read_text(), path, "exec"), space)
    pathlib.Path(path + ".json").write_text(space["pipeline"].definition())
"""


def plain(value: Any) -> Any:
    """A JSON value without its nulls, which are absent to AWS."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_scripts_compile_to_the_same_definitions(tmp_path: Path) -> None:
    documents: dict[str, Document] = {
        "everything": everything(),
        "census": definition("census.json"),
        "chapter": read_document(CHAPTER.read_bytes(), name="Chapter"),
    }
    paths = []
    for name, document in documents.items():
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(to_python(document, region="eu-west-1"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    subprocess.run([sys.executable, "-c", _RUN, *map(str, paths)], env=environment, check=True, timeout=300)
    for path, document in zip(paths, documents.values(), strict=True):
        body = json.loads(Path(f"{path}.json").read_text())
        assert plain(body) == plain({"Metadata": {}, **document.body})
        assert compare(document, read_document(body, name=document.name)) == ()


def test_small_files_are_part_of_the_script_and_large_ones_are_named() -> None:
    files = [File("bucket", "code/a.py", b'print("""x""")'), File("bucket", "data/big", None)]
    text = to_python(everything(), files=files)
    tree = ast.parse(text)
    (held,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FILES"
    ]
    assert held == {("bucket", "code/a.py"): b'print("""x""")'}
    assert "s3://bucket/data/big" in (ast.get_docstring(tree) or "")


def test_a_state_machine_has_no_script() -> None:
    with pytest.raises(UsageError) as caught:
        to_python(machine())
    assert caught.value.code == "PC926"


def test_a_step_type_that_the_sdk_does_not_know_is_named() -> None:
    document = read_document({"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "Brand-New"}]})
    with pytest.raises(UsageError, match="Brand-New"):
        to_python(document)


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=12))
def test_every_name_has_a_variable_of_its_own(names: list[str]) -> None:
    found = variables(names, ["main"])
    assert len(set(found.values()) | {"main"}) == len(names) + 1
    assert all(variable.isidentifier() for variable in found.values())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=12,
    )
)
def test_any_arguments_become_python(value: Any) -> None:
    document = read_document(
        {"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "EMR", "Arguments": {"x": value}}]}
    )
    tree = ast.parse(to_python(document))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "RequestStep"
    ]
    assert ast.literal_eval(calls[0].args[2]) == {"x": value}
