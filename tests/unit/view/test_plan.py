"""A plan as a table: in a terminal and as HTML, whatever is in it."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from pipecell.definition.cache.foresee import Foresight
from pipecell.definition.cost.estimate import Cost, StepCost
from pipecell.definition.cost.hours import Hours, from_limit
from pipecell.definition.diff.change import Change
from pipecell.definition.plan import Place, Plan
from pipecell.view.plan import to_html, to_text

COST = Cost(
    "eu-west-1",
    "2026-11-01",
    "a test",
    0.38,
    0.57,
    (
        StepCost("CensusTrain", "ml.p3.2xlarge", Hours(360, 540, "as 3 earlier runs"), 0.38, 0.57, 3.825),
        StepCost("CensusEval", "ml.m5.large", from_limit(3600), 0.01, 0.12, 0.115),
    ),
    ("CensusTrain: <b>something</b>.",),
    open=False,
)


def plan(target: str = "aws", **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "pipeline": "CensusPipeline",
        "engine": "sagemaker",
        "place": Place(target, "eu-west-1", "123456789012"),
        "profile": "full",
        "parameters": {"NumRound": 5},
        "changed": "NumRound 100 → 5",
        "deployed": "3 days ago",
        "changes": (
            Change("changed", "CensusTrain", "Arguments.HyperParameters.eta", "0.2", "0.3"),
            Change("code", "CensusEval", "evaluation.py", "<old>", "new & better", "lines 10–14 changed"),
            Change("noise", "CensusEval", "Arguments.X", "a", "b", "a time stamp in it"),
        ),
        "steps": (
            Foresight("CensusProcess", "Processing", "reuse", "hit", "same code as run of 20 Nov"),
            Foresight("CensusTrain", "Training", "run", "miss", "hyperparameter eta 0.2 → 0.3"),
            Foresight("CensusEval", "Processing", "run", "miss", "CensusTrain will run <script>"),
            Foresight("CheckAccuracy", "Condition", "decide", "off", "accuracy ≥ 0.80"),
            Foresight("CensusRegister", "RegisterModel", "run", "off", "a new version", "if true"),
        ),
        "cost": COST,
        "other": ("smoke", COST),
        "notes": ("look out",),
        **changes,
    }
    return Plan(**values)


class _Balanced(HTMLParser):
    """Checks that every element is closed, and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_terminal_shows_each_step_with_its_reason_time_and_cost() -> None:
    text = to_text(plan(), width=110)
    assert text.startswith(
        "CensusPipeline, profile full (NumRound 100 → 5), on AWS eu-west-1, account 1234…9012."
    )
    assert re.search(r"CensusProcess +↺ reuse +same code as run of 20 Nov +0 s +\$0\.00", text)
    assert re.search(r"CensusTrain +● run +hyperparameter eta 0\.2 → 0\.3 +6–9 min +\$0\.38–0\.57", text)
    assert re.search(r"CensusEval .* ≤ 1 h +\$0\.01–0\.12", text)
    assert "CensusRegister  ● run if true" in text
    assert "smoke would cost $0.38–0.57" in text
    assert "~ CensusEval evaluation.py lines 10–14 changed" in text
    assert "Set aside: CensusEval Arguments.X (a time stamp in it)." in text
    assert "▲ look out" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_of_any_width(width: int) -> None:
    lines = to_text(plan(), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 100)


def test_html_holds_the_same_words_and_no_markup_of_the_users() -> None:
    parser = _Balanced()
    parser.feed(to_html(plan()))
    assert parser.open == []
    text = "".join(parser.text)
    assert "CensusTrain will run <script>" in text
    assert "- <old>" in text
    assert "+ new & better" in text
    assert "<script>" not in to_html(plan())
    assert "<b>something" not in to_html(plan())


def test_nothing_is_billed_on_this_machine() -> None:
    assert "nothing is billed here; on AWS in eu-west-1 it would be" in " ".join(
        to_text(plan("local"), width=200).split()
    )
    assert "nothing is billed" not in to_text(plan("aws"))


def test_a_sum_without_an_upper_bound_says_so() -> None:
    cost = Cost("eu-west-1", "", "", 0.38, 0.57, COST.steps, (), open=True)
    assert "from $0.38" in to_text(plan(cost=cost, other=None))


def test_what_is_not_deployed_has_no_changes_to_show() -> None:
    text = to_text(plan(deployed=None), width=200)
    assert "Not deployed yet." in text
    assert "Deploying makes" not in text


def test_colours_only_where_they_may_be() -> None:
    assert "\x1b[" in to_text(plan(), color=True)
    assert "\x1b[" not in to_text(plan())
