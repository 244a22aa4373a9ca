"""What the SDK and botocore say is left out only where it is about the local target's own settings."""

from __future__ import annotations

import logging

import pytest

from pipecell.declare.sagemaker_v2 import point_sdk_at, restore_sdk

NOTES = {
    "sagemaker.config": "Fetched defaults config from location: %s",
    "botocore.credentials": "Found credentials in environment variables.",
    "botocore.configprovider": "Found endpoint for %s via: %s.",
}


def said(caplog: pytest.LogCaptureFixture, level: int, text: str | None = None) -> list[str]:
    """Let each of the loggers say its note, or ``text``; return what was heard."""
    caplog.clear()
    for name, note in NOTES.items():
        with caplog.at_level(logging.INFO, logger=name):
            logging.getLogger(name).handle(
                logging.LogRecord(
                    name, level, __file__, 1, text or note, ("a", "b")[: note.count("%s")], None
                )
                if text is None
                else logging.LogRecord(name, level, __file__, 1, text, None, None)
            )
    return [record.name for record in caplog.records]


def test_notes_on_settings_are_heard_again_after_the_local_target(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, logging.INFO) == list(NOTES)
    point_sdk_at("http://127.0.0.1:1")
    try:
        assert said(caplog, logging.INFO) == []
    finally:
        restore_sdk()
    assert said(caplog, logging.INFO) == list(NOTES)


def test_warnings_and_other_notes_are_always_heard(caplog: pytest.LogCaptureFixture) -> None:
    point_sdk_at("http://127.0.0.1:1")
    try:
        assert said(caplog, logging.WARNING) == list(NOTES)
        assert said(caplog, logging.INFO, "something else") == list(NOTES)
    finally:
        restore_sdk()
