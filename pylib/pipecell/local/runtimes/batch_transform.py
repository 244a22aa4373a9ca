"""The program of a transform job: reads records, asks the model, writes what it answered.

Runs in the job's process, in the user's Python. For every object ``a/b.csv`` of the input it writes
``a/b.csv.out``. With ``SplitType`` Line a payload holds as many records as fit
(``BatchStrategy`` MultiRecord) or one; without, it is the whole object.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tarfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipecell.local.runtimes import data_processing, inference
from pipecell.local.runtimes.inference import Predict
from pipecell.local.work.archives import extract


def main() -> int:
    """Transform everything; return 0, or 1 with the reason in the log."""
    try:
        transform(os.environ)
    except Exception as error:
        traceback.print_exc()
        print(f"Transform failed: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log
        return 1
    return 0


def transform(variables: Mapping[str, str]) -> None:
    """Transform every input object.

    Args:
        variables: the job's environment, which says where everything is.
    """
    settings = json.loads(Path(variables["PIPECELL_TRANSFORM_CONFIG"]).read_text())
    predict = _predictor(settings, variables)
    data, results = Path(variables["PIPECELL_TRANSFORM_DATA"]), Path(variables["PIPECELL_TRANSFORM_RESULTS"])
    for path in sorted(each for each in data.rglob("*") if each.is_file()):
        content = path.read_bytes()
        if settings["gzip"]:
            content = gzip.decompress(content)
        target = results / f"{path.relative_to(data)}.out"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(transform_object(content, predict, settings))


def transform_object(content: bytes, predict: Predict, settings: Mapping[str, Any]) -> bytes:
    """Return the output object of one input object."""
    processes = settings["join"] or settings["input_filter"] != "$" or settings["output_filter"] != "$"
    answers: list[bytes] = []
    for batch in batches(content, settings):
        if processes:
            answers += [line.encode() for line in _processed(batch, predict, settings)]
        else:
            answers.append(_ask(b"\n".join(batch), predict, settings))
    if settings["assemble"] or processes:
        lines = [line for answer in answers for line in answer.splitlines()]
        return b"".join(line + b"\n" for line in lines)
    return b"".join(answers)


def batches(content: bytes, settings: Mapping[str, Any]) -> Iterator[Sequence[bytes]]:
    """Yield the records of each payload.

    Raises:
        ValueError: a record is larger than a payload may be.
    """
    records = [line for line in content.splitlines() if line] if settings["split"] else [content]
    batch: list[bytes] = []
    size = 0
    for record in records:
        if len(record) > settings["payload_bytes"]:
            raise ValueError(
                f"A record of {len(record)} bytes is larger than the maximum payload of"
                f" {settings['payload_bytes']} bytes: MaxPayloadInMB."
            )
        if batch and (settings["single"] or size + len(record) + 1 > settings["payload_bytes"]):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record) + 1
    if batch:
        yield batch


def _processed(batch: Sequence[bytes], predict: Predict, settings: Mapping[str, Any]) -> list[str]:
    """Return the records of a payload after filters and join."""
    kind = settings["content_type"]
    accept = settings["accept"] or kind
    records = [data_processing.parse(record.decode(), kind) for record in batch]
    asked = [
        data_processing.write(data_processing.select(each, settings["input_filter"]), kind)
        for each in records
    ]
    answer = _ask("\n".join(asked).encode(), predict, settings).decode()
    lines = [line for line in answer.splitlines() if line] if settings["split"] else [answer]
    if len(lines) != len(records):
        raise data_processing.DataProcessingError(
            f"The model answered {len(records)} records with {len(lines)} lines; they cannot be joined."
        )
    found = []
    for record, line in zip(records, lines, strict=True):
        value = data_processing.parse(line, accept)
        if settings["join"]:
            value = data_processing.join(record, value, kind)
        found.append(data_processing.write(data_processing.select(value, settings["output_filter"]), accept))
    return found


def _ask(payload: bytes, predict: Predict, settings: Mapping[str, Any]) -> bytes:
    return predict(payload, settings["content_type"], settings["accept"] or settings["content_type"])


def _predictor(settings: Mapping[str, Any], variables: Mapping[str, str]) -> Predict:
    model = Path(variables["SM_MODEL_DIR"])
    model.mkdir(parents=True, exist_ok=True)
    for path in _files(variables["PIPECELL_TRANSFORM_MODEL"]):
        _unpack(path, model)
    if not settings["program"]:
        if not settings["xgboost"]:
            raise NotImplementedError(
                "The model names no script (SAGEMAKER_PROGRAM), and its image is not XGBoost's."
            )
        return inference.xgboost_predictor(model)
    code = Path(variables["PIPECELL_TRANSFORM_CODE"])
    folders = [code, model / "code", model]
    for path in _files(str(code)):
        _unpack(path, code)
    program = next(
        (folder / settings["program"] for folder in folders if (folder / settings["program"]).is_file()), None
    )
    if program is None:
        raise FileNotFoundError(f"The model's script {settings['program']} is nowhere in it.")
    return inference.script_predictor(program, model)


def _files(folder: str) -> list[Path]:
    place = Path(folder)
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else []


def _unpack(path: Path, folder: Path) -> None:
    if tarfile.is_tarfile(path):
        extract(str(path), str(folder))
    elif path.parent != folder:
        (folder / path.name).write_bytes(path.read_bytes())
