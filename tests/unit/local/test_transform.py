"""What a transform job's program does with records, without a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipecell.local.runtimes.batch_transform import batches, transform_object
from pipecell.local.runtimes.data_processing import DataProcessingError, join, parse, select, write
from pipecell.local.runtimes.inference import script_predictor

SETTINGS: dict[str, Any] = {
    "xgboost": False,
    "program": "inference.py",
    "content_type": "text/csv",
    "accept": "",
    "gzip": False,
    "split": True,
    "single": False,
    "payload_bytes": 1024,
    "assemble": False,
    "input_filter": "$",
    "output_filter": "$",
    "join": False,
}


def summing(calls: list[bytes]) -> Any:
    """A model that answers each line with the sum of its columns."""

    def predict(body: bytes, content_type: str, accept: str) -> bytes:
        calls.append(body)
        sums = (sum(map(float, line.split(","))) for line in body.decode().splitlines())
        return "".join(f"{value}\n" for value in sums).encode()

    return predict


def test_as_many_records_as_fit_go_into_one_payload() -> None:
    content = b"1,2\n3,4\n5,6\n"
    assert list(batches(content, SETTINGS)) == [[b"1,2", b"3,4", b"5,6"]]
    assert list(batches(content, {**SETTINGS, "payload_bytes": 8})) == [[b"1,2", b"3,4"], [b"5,6"]]
    assert list(batches(content, {**SETTINGS, "single": True})) == [[b"1,2"], [b"3,4"], [b"5,6"]]
    assert list(batches(content, {**SETTINGS, "split": False})) == [[content]]


def test_a_record_that_is_larger_than_a_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="MaxPayloadInMB"):
        list(batches(b"x" * 2000, SETTINGS))


def test_answers_are_put_together() -> None:
    calls: list[bytes] = []
    settings = {**SETTINGS, "single": True}
    assert transform_object(b"1,2\n3,4\n", summing(calls), settings) == b"3.0\n7.0\n"
    assert calls == [b"1,2", b"3,4"]
    bare = transform_object(b"1\n2\n", lambda body, *_: body.strip(), settings)
    lines = transform_object(b"1\n2\n", lambda body, *_: body.strip(), {**settings, "assemble": True})
    assert (bare, lines) == (b"12", b"1\n2\n")


def test_columns_are_filtered_and_joined_as_on_aws() -> None:
    calls: list[bytes] = []
    settings = {**SETTINGS, "input_filter": "$[1:]", "output_filter": "$[0,-1]", "join": True}
    answer = transform_object(b"id1,1,2\nid2,3,4\n", summing(calls), settings)
    assert calls == [b"1,2\n3,4"]
    assert answer == b"id1,3.0\nid2,7.0\n"


def test_json_records_are_joined_under_awss_name() -> None:
    settings = {
        **SETTINGS,
        "content_type": "application/jsonlines",
        "input_filter": "$.features",
        "output_filter": "$['SageMakerOutput']",
        "join": True,
    }
    answer = transform_object(b'{"id": 7, "features": [1, 2]}\n', lambda body, *_: b"0.5\n", settings)
    assert answer == b"0.5\n"
    assert join({"id": 7}, 0.5, "application/json") == {"id": 7, "SageMakerOutput": 0.5}
    assert join([1], 0.5, "application/json") == {"SageMakerInput": [1], "SageMakerOutput": 0.5}


@pytest.mark.parametrize(
    ("path", "value"),
    [("$", ["a", "b", "c"]), ("$[0]", "a"), ("$[-1]", "c"), ("$[1:]", ["b", "c"]), ("$[0,2]", ["a", "c"])],
)
def test_filters_of_columns(path: str, value: Any) -> None:
    assert select(parse("a,b,c", "text/csv"), path) == value


def test_filters_that_name_nothing_are_refused() -> None:
    for path in ("features", "$[9]", "$.a", "$[x]"):
        with pytest.raises(DataProcessingError):
            select(["a"], path)


def test_commas_and_quotes_survive() -> None:
    assert write(parse('a,"b,""c"', "text/csv"), "text/csv") == 'a,"b,""c"'


def predictor(tmp_path: Path, script: str) -> Any:
    program = tmp_path / "inference.py"
    program.write_text(script)
    return script_predictor(program, tmp_path)


def test_a_script_gets_text_and_its_four_functions_are_called(tmp_path: Path) -> None:
    answer = predictor(
        tmp_path,
        "def model_fn(folder): return 10\n"
        "def input_fn(body, kind): assert isinstance(body, str); return [float(x) for x in body.split(',')]\n"
        "def predict_fn(data, model): return sum(data) * model\n"
        "def output_fn(prediction, accept): return f'{prediction} {accept}', accept\n",
    )
    assert answer(b"1,2", "text/csv", "text/plain") == b"30.0 text/plain"


def test_what_a_script_leaves_out_is_the_toolkits(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    answer = predictor(
        tmp_path,
        "class Model:\n    def predict(self, rows): return rows.sum(axis=1)\n"
        "def model_fn(folder): return Model()\n",
    )
    assert answer(b"1,2\n3,4\n", "text/csv", "application/json") == b"[3.0, 7.0]"
    assert answer(b"[[1, 2]]", "application/json", "text/csv") == b"3\n"


def test_transform_fn_stands_for_the_rest(tmp_path: Path) -> None:
    answer = predictor(
        tmp_path,
        "def model_fn(folder): return chr(109)\n"
        "def transform_fn(model, body, kind, accept): return model + body\n",
    )
    assert answer(b"x", "text/csv", "text/csv") == b"mx"


def test_a_script_must_load_its_model(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="model_fn"):
        predictor(tmp_path, "x = 1\n")
