"""Models as their containers serve them: a payload goes in, a payload comes out.

`script_predictor` follows the SageMaker inference toolkit: ``model_fn``, ``input_fn``, ``predict_fn``
and ``output_fn`` of the user's script, or ``transform_fn`` in place of the last three, each with the
toolkit's default. `xgboost_predictor` is the XGBoost image without a script.
"""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Predict = Callable[[bytes, str, str], bytes]
"""Takes payload, content type and accepted type; returns the answer."""

_TEXT = ("text/", "application/json", "application/jsonlines")


def script_predictor(program: Path, model: Path) -> Predict:
    """Return the predictor that a user's script makes.

    Args:
        program: the script.
        model: the folder of the model's artifact.
    """
    module = _load(program)
    if not hasattr(module, "model_fn"):
        raise NotImplementedError(f"{program.name} has no model_fn: it is needed to load the model.")
    loaded = module.model_fn(str(model))
    if hasattr(module, "transform_fn"):
        return lambda body, content_type, accept: _as_bytes(
            module.transform_fn(loaded, _as_given(body, content_type), content_type, accept), accept
        )
    read = getattr(module, "input_fn", decode)
    predict = getattr(module, "predict_fn", lambda data, predictor: predictor.predict(data))
    write = getattr(module, "output_fn", encode)

    def answer(body: bytes, content_type: str, accept: str) -> bytes:
        prediction = predict(read(_as_given(body, content_type), content_type), loaded)
        return _as_bytes(write(prediction, accept), accept)

    return answer


def xgboost_predictor(model: Path) -> Predict:
    """Return the predictor of a model that the built-in XGBoost algorithm wrote.

    Args:
        model: the folder of the model's artifact.
    """
    from pipecell.local.runtimes.xgboost_library import xgboost_library
    from pipecell.local.runtimes.xgboost_model import MODEL_NAME

    xgboost = xgboost_library()
    files = [path for path in sorted(model.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    path = next((path for path in files if path.name == MODEL_NAME), files[0] if files else None)
    if path is None:
        raise FileNotFoundError(f"There is no model in {model}.")
    booster = _load_booster(xgboost, path)

    def answer(body: bytes, content_type: str, accept: str) -> bytes:
        matrix = _matrix(xgboost, body.decode(), content_type)
        found = booster.predict(matrix, validate_features=False).tolist()
        if "jsonlines" in accept:
            return "".join(json.dumps({"score": each}) + "\n" for each in found).encode()
        if "json" in accept:
            return json.dumps({"predictions": [{"score": each} for each in found]}).encode()
        lines = (",".join(map(str, each)) if isinstance(each, list) else str(each) for each in found)
        return "".join(f"{line}\n" for line in lines).encode()

    return answer


def decode(body: Any, content_type: str) -> Any:
    """Return a payload as the toolkit's default ``input_fn`` reads it: a NumPy array."""
    import numpy

    kind = content_type.partition(";")[0].strip()
    if kind == "text/csv":
        return numpy.genfromtxt(io.StringIO(body), delimiter=",", ndmin=2)
    if kind == "application/json":
        return numpy.array(json.loads(body))
    if kind == "application/x-npy":
        return numpy.load(io.BytesIO(body), allow_pickle=False)
    raise ValueError(f"The content type {content_type!r} needs an input_fn in the model's script.")


def encode(prediction: Any, accept: str) -> Any:
    """Return a prediction as the toolkit's default ``output_fn`` writes it."""
    import numpy

    array = numpy.asarray(prediction)
    kind = accept.partition(";")[0].strip()
    if kind in ("application/json", "", "*/*"):
        return json.dumps(array.tolist())
    if kind == "text/csv":
        rows = array if array.ndim > 1 else array.reshape(-1, 1)
        return "".join(",".join(map(str, row)) + "\n" for row in rows.tolist())
    if kind == "application/x-npy":
        target = io.BytesIO()
        numpy.save(target, array)
        return target.getvalue()
    raise ValueError(f"The accepted type {accept!r} needs an output_fn in the model's script.")


def _load(program: Path) -> ModuleType:
    sys.path.insert(0, str(program.parent))
    specification = importlib.util.spec_from_file_location(program.stem, program)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(f"The model's script {program} is not there.")
    module = importlib.util.module_from_spec(specification)
    sys.modules[program.stem] = module
    specification.loader.exec_module(module)
    return module


def _as_given(body: bytes, content_type: str) -> Any:
    """Return a payload as scripts get it: text for text types."""
    return body.decode() if content_type.startswith(_TEXT) else body


def _as_bytes(answer: Any, accept: str) -> bytes:
    """Return what a script answered as a payload; it may come with its type, or as the toolkit's Response."""
    if isinstance(answer, tuple):
        answer = answer[0]
    answer = getattr(answer, "response", answer)
    if isinstance(answer, bytes | bytearray):
        return bytes(answer)
    if isinstance(answer, str):
        return answer.encode()
    return _as_bytes(encode(answer, accept), accept)


def _load_booster(xgboost: Any, path: Path) -> Any:
    try:
        with path.open("rb") as file:
            booster = pickle.load(file)  # noqa: S301 - the user's own model, in the user's own process
    except (pickle.UnpicklingError, EOFError, UnicodeDecodeError, ValueError, IndexError, KeyError):
        booster = xgboost.Booster()
        booster.load_model(str(path))
    return booster


def _matrix(xgboost: Any, text: str, content_type: str) -> Any:
    import numpy

    kind = content_type.partition(";")[0].strip()
    if kind in ("text/csv", "csv"):
        rows = numpy.genfromtxt(io.StringIO(text), delimiter=",", ndmin=2)
        return xgboost.DMatrix(rows)
    if "libsvm" in kind:
        records = [_libsvm(line) for line in text.splitlines() if line.strip()]
        width = max((index for record in records for index in record), default=-1) + 1
        dense = numpy.full((len(records), width), numpy.nan)
        for place, row in enumerate(records):
            for index, value in row.items():
                dense[place, index] = value
        return xgboost.DMatrix(dense)
    raise ValueError(f"The XGBoost image takes text/csv and text/libsvm, not {content_type!r}.")


def _libsvm(line: str) -> dict[int, float]:
    pairs = (part.split(":") for part in line.split() if ":" in part)
    return {int(index): float(value) for index, value in pairs}
