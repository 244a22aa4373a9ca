"""Colours and signs."""

import re

import pytest

from pipecell.graph import NodeState
from pipecell.view.theme import KIND_INK, STATE_INK, kind_of, mark_of, mark_of_status, stylesheet


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", sorted(set(STATE_INK) - {"wait"}))
def test_states_are_readable_on_both_backgrounds(name: str) -> None:
    light, dark = STATE_INK[name]
    assert contrast(light, "#ffffff") >= 4.5
    assert contrast(dark, "#15181e") >= 4.5


@pytest.mark.parametrize("name", sorted(KIND_INK))
def test_kinds_stand_out_on_both_backgrounds(name: str) -> None:
    light, dark = KIND_INK[name]
    assert contrast(light, "#ffffff") >= 3
    assert contrast(dark, "#15181e") >= 3


def test_no_two_outcomes_share_a_sign() -> None:
    signs = [
        mark_of_status(status).sign
        for status in ("", "Executing", "Succeeded", "Failed", "Stopped", "NotTaken")
    ]
    signs.append(mark_of(NodeState("Succeeded", cached=True)).sign)
    assert len(set(signs)) == len(signs)


def test_unknown_words_are_shown_as_they_are() -> None:
    assert mark_of_status("Hibernating").word == "Hibernating"
    assert kind_of("Teleport") == "other"


def test_every_rule_is_scoped() -> None:
    """A drawing that is put into a page must not restyle it."""
    for theme in ("auto", "light", "dark"):
        sheet = re.sub(r"@media [^{]*", "", stylesheet(theme))
        selectors = re.findall(r"([^{}]+)\{[^{}]*[:;]", sheet)
        assert selectors
        assert all(selector.strip().startswith(".pc ") for selector in selectors)
