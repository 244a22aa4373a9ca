"""The data channels of the built-in XGBoost algorithm: content types, files, matrices.

XGBoost's own readers load CSV and LIBSVM, as in the container, so that missing
values and weights mean here what they mean there.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import Any

from pipecell.definition.xgboost import UserError
from pipecell.local.runtimes.xgboost_library import xgboost_library

Log = Callable[[str], None]

CONTENT_TYPES = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "parquet": "parquet",
    "application/x-parquet": "parquet",
    "recordio-protobuf": "recordio-protobuf",
    "application/x-recordio-protobuf": "recordio-protobuf",
}
CHANNELS = ("train", "validation", "code")
MAX_FOLDER_DEPTH = 3


def check_channels(config: Mapping[str, Mapping[str, Any]]) -> str:
    """Check inputdataconfig.json and return the format of the training data.

    Raises:
        UserError: a channel is missing or unknown, or its content type is none of the algorithm's.
    """
    if "train" not in config:
        raise UserError("Missing required channel: train")
    for name in config:
        if name not in CHANNELS:
            raise UserError(f"Extraneous channel found: {name}")
    formats = [
        content_format(channel.get("ContentType")) for name, channel in config.items() if name != "code"
    ]
    if "recordio-protobuf" in formats:
        raise UserError(
            "recordio-protobuf cannot be read on this machine. "
            "Use text/csv, text/libsvm or application/x-parquet."
        )
    return content_format(config["train"].get("ContentType"))


def content_format(content_type: str | None) -> str:
    """Return ``csv``, ``libsvm``, … for a channel's content type; LIBSVM is the default.

    Raises:
        UserError: it is none of the algorithm's, or a CSV file is said to have several labels.
    """
    if content_type is None:
        return "libsvm"
    header = Message()
    header["Content-Type"] = content_type.lower()
    kind = header.get_params(failobj=[("", "")])[0][0].strip()
    if kind not in CONTENT_TYPES:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(CONTENT_TYPES)}.")
    if CONTENT_TYPES[kind] == "csv" and header.get_param("label_size", "1") != "1":
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return CONTENT_TYPES[kind]


def data_files(folder: str) -> list[str]:
    """Return a channel's data files, sorted, three folders deep.

    Raises:
        UserError: a hidden file lies among them, as in the container.
    """
    found = []
    for root, folders, names in os.walk(folder):
        depth = 1 if root == folder else os.path.relpath(root, folder).count(os.sep) + 2
        folders[:] = sorted(folders) if depth < MAX_FOLDER_DEPTH else []
        for name in sorted(names):
            if name.startswith("."):
                raise UserError("Hidden file found in the data path! Remove that before training.")
            if not name.startswith("_"):
                found.append(f"{root}/{name}")
    return found


def load(folders: list[str], form: str, log: Log, *, weights: bool = False) -> Any:
    """Return the ``xgboost.DMatrix`` of one or several channels, None when they hold no data.

    Args:
        folders: the channels' folders.
        form: as `content_format` says.
        log: takes lines for the job's log.
        weights: the second column of a CSV file holds the rows' weights.

    Raises:
        UserError: the files are not of that form, or hold no labels.
    """
    files = [path for folder in folders for path in data_files(folder) if Path(path).stat().st_size]
    if not files:
        return None
    for path in files:
        _check_first_line(path, form)
    with tempfile.TemporaryDirectory() as joined:
        # XGBoost reads one folder of files; a link's plain name keeps "?" and "#" out of its URIs.
        for number, path in enumerate(files):
            Path(joined, f"{number:06}").symlink_to(path)
        matrix = _READERS[form](joined, files, log, weights)
    if not matrix.get_label().size:
        raise UserError("Got input data without labels. Please check the input data set.")
    return matrix


def _read_csv(joined: str, files: list[str], log: Log, weights: bool) -> Any:
    xgboost = xgboost_library()
    delimiter = _delimiter(files[0])
    log(f"Determined delimiter of CSV input is '{delimiter}'")
    uri = f"{joined}?format=csv&label_column=0&delimiter={delimiter}" + (
        "&weight_column=1" if weights else ""
    )
    try:
        return xgboost.DMatrix(uri)
    except xgboost.core.XGBoostError as error:
        raise UserError(f"Failed to load csv data with exception:\n{_first_words(error)}") from error


def _read_libsvm(joined: str, files: list[str], log: Log, weights: bool) -> Any:
    xgboost = xgboost_library()
    try:
        return xgboost.DMatrix(f"{joined}?format=libsvm")
    except xgboost.core.XGBoostError as error:
        raise UserError(f"Failed to load libsvm data with exception:\n{_first_words(error)}") from error


def _read_parquet(joined: str, files: list[str], log: Log, weights: bool) -> Any:
    xgboost = xgboost_library()
    try:
        import numpy
        import pyarrow.parquet
    except ImportError as error:
        raise UserError("Reading parquet needs pyarrow: pip install pyarrow") from error
    try:
        table = pyarrow.parquet.read_table(files)
        label, *features = [column.to_numpy() for column in table.columns]
        return xgboost.DMatrix(numpy.column_stack(features), label=label)
    except (pyarrow.ArrowException, ValueError, TypeError, IndexError) as error:
        raise UserError(f"Failed to load parquet data with exception:\n{error}") from error


_READERS = {"csv": _read_csv, "libsvm": _read_libsvm, "parquet": _read_parquet}


def _first_words(error: Exception) -> str:
    return str(error).partition("\nStack trace:")[0]


def _first_line(path: str) -> str:
    with Path(path).open(errors="ignore") as file:
        return file.readline()


def _delimiter(path: str) -> str:
    line = _first_line(path)
    try:
        return csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(f"Could not determine delimiter on line {line[:50]}:\n{error}") from error


def _check_first_line(path: str, form: str) -> None:
    if form == "csv":
        _delimiter(path)
    elif form == "libsvm":
        line = _first_line(path).strip()
        label, *features = line.split(" ")
        parts = label.split(":")
        valid = len(parts) in {1, 2} and all(map(_is_number, parts))
        if not valid or any(":" not in feature for feature in features if feature):
            raise UserError(
                f"First line '{line[:50]}...' of file '{Path(path).name}' is not 'LIBSVM' format. "
                "Please ensure the file is in 'LIBSVM' format."
            )


def has_header(path: str) -> bool:
    """Whether the first line of a CSV file holds no number where the label should be."""
    line = _first_line(path)
    return bool(line.strip()) and not _is_number(line.split(_delimiter(path))[0].strip().strip('"'))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
