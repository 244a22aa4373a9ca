"""Writing ``xgboost-model`` in the form that each version of the container writes."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from pipecell.local.runtimes.xgboost_data import Log
from pipecell.local.runtimes.xgboost_library import xgboost_library

MODEL_NAME = "xgboost-model"


def model_form(version: tuple[int, ...]) -> str:
    """Return how an image of a version writes its model.

    ``pickle`` to 1.2, ``deprecated`` (XGBoost's old binary form) for 1.3 to 1.7, ``ubj`` from 2.0 on
    and where the version is not known.
    """
    if not version:
        return "ubj"
    if version < (1, 3):
        return "pickle"
    return "deprecated" if version < (2,) else "ubj"


def write_model(booster: Any, path: Path, version: tuple[int, ...], log: Log) -> str:
    """Write a model and return the form used.

    Args:
        booster: an ``xgboost.Booster``.
        path: the file to write.
        version: of the image.
        log: told when this machine's xgboost writes another form than the image does.
    """
    form = model_form(version)
    if form == "pickle":
        with path.open("wb") as file:
            pickle.dump(booster, file, protocol=4)
        return form
    content = _raw(booster, form)
    if content is None:
        xgboost = xgboost_library()
        log(
            f"xgboost {xgboost.__version__} can no longer write the binary model form of the image; "
            "xgboost-model is written as UBJSON. Install xgboost<3.1 to get the image's form."
        )
        form = "ubj"
        content = _raw(booster, form)
    path.write_bytes(content or b"")
    return form


def _raw(booster: Any, form: str) -> bytes | None:
    """Return a model's bytes, None when this xgboost does not know the form."""
    xgboost = xgboost_library()
    try:
        # Silent, because the form is the image's, not the user's: that it is deprecated is no news to them.
        with xgboost.config_context(verbosity=0):
            return bytes(booster.save_raw(form))
    except (xgboost.core.XGBoostError, ValueError, TypeError):
        return None
