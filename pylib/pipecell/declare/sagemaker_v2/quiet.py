"""Leave out what the SDK says each time and what nobody can act on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.context import Offline, current, offline_answer

_CHATTER = (
    "Popping out '",
    "The input argument %s of function",
    "Defaulting to only",
    "Defaulting to the only",
    "Ignoring unnecessary",
    "image_uri is not presented",
    "Not applying SDK defaults",
    "Applied value from config",
    "SageMaker Python SDK will collect telemetry",
    "Uploading analysis config to",
)
_LOGGERS = (
    "sagemaker.telemetry.telemetry_logging",
    "sagemaker.workflow.utilities",
    "sagemaker.image_uris",
    "sagemaker.config",
    "sagemaker.model_monitor.clarify_model_monitoring",
)


class _NoChatter(logging.Filter):
    """Drops notes on what ``%%pipeline`` implies: pipeline variables, default versions, job names."""

    def filter(self, record: logging.LogRecord) -> bool:
        return current() is None or not str(record.msg).startswith(_CHATTER)


_FILTER = _NoChatter()


@contextmanager
def without_chatter() -> Iterator[None]:
    """Drop the SDK's chatter of this thread during the block; everything else is logged as ever."""
    added = [logger for logger in map(logging.getLogger, _LOGGERS) if _FILTER not in logger.filters]
    for logger in added:
        logger.addFilter(_FILTER)
    try:
        yield
    finally:
        for logger in added:
            logger.removeFilter(_FILTER)


@contextmanager
def silence() -> Iterator[None]:
    """Keep all notes and warnings of the SDK back during a compilation; errors are exceptions.

    They come again at every compilation. Not for several threads at once.
    """
    names = [name for name in logging.root.manager.loggerDict if name.startswith("sagemaker.")]
    own = [logger for logger in map(logging.getLogger, names) if logger.level != logging.NOTSET]
    loggers = [logging.getLogger("sagemaker"), *own]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


_OUR_SETTINGS = (
    "Not applying SDK defaults",
    "Fetched defaults config",
    "Applied value from config",
    "Found credentials in environment",
    "Found endpoint for",
)
_SETTINGS_LOGGERS = ("sagemaker.config", "botocore.configprovider", "botocore.credentials")


class _NoSettings(logging.Filter):
    """Drops notes that say where a setting was found, while the settings are the local target's."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or not str(record.msg).startswith(_OUR_SETTINGS)


_SETTINGS_FILTER = _NoSettings()


def hide_our_settings() -> None:
    """Leave out the SDK's and botocore's notes on the settings of the local target, until shown again."""
    for name in _SETTINGS_LOGGERS:
        logging.getLogger(name).addFilter(_SETTINGS_FILTER)


def show_our_settings() -> None:
    """Undo :func:`hide_our_settings`."""
    for name in _SETTINGS_LOGGERS:
        logging.getLogger(name).removeFilter(_SETTINGS_FILTER)


class _QuietWarnings:
    """``warnings`` as the module of pipeline sessions sees it: what it says is what ``%%pipeline`` means."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def warn(self, message: Any, *args: Any, **kwargs: Any) -> None:
        if current() is None or not str(message).startswith("Running within a PipelineSession"):
            self._real.warn(message, *args, **kwargs)


def _suppressed(offline: Offline, original: Any) -> bool:
    """Leave out the notice that version 2 of the SDK will end."""
    del offline, original
    return True


def _silent(offline: Offline, original: Any, *args: Any, **kwargs: Any) -> None:
    """Send no telemetry."""
    del offline, original, args, kwargs


PATCHES = (
    Patch("sagemaker.telemetry.telemetry_logging", "_send_telemetry_request", offline_answer(_silent)),
    Patch("sagemaker.deprecations", "_v2_suppressed", offline_answer(_suppressed)),
    Patch("sagemaker.workflow.pipeline_context", "warnings", _QuietWarnings),
)
