"""The header and the chart of times."""

import re

from pipecell.graph import Graph, Node, NodeState
from pipecell.view.frame import draw_header, draw_times, header_width
from pipecell.view.header import Header

NODES = tuple(Node(f"s{i}", f"Step{i}", "Training") for i in range(20))
GRAPH = Graph("P", "sagemaker", (*NODES, Node("if", "If", "Condition")))


def test_everything_in_the_header_has_room() -> None:
    header = Header("A pipeline", "Executing", "0:22", ("one", "two"))
    _, lines = draw_header(header, header_width(header), GRAPH, {})
    ends = [
        float(x) + float(w)
        for x, w in re.findall(r'<rect class="[^"]*" x="([\d.]+)" y="9" width="([\d.]+)"', "".join(lines))
    ]
    assert len(ends) == 3
    assert max(ends) <= header_width(header)


def test_the_reason_of_the_first_failure_is_said_once() -> None:
    states = {
        "s1": NodeState("Failed", failure_reason="the first"),
        "s2": NodeState("Failed", failure_reason="the second"),
    }
    height, lines = draw_header(Header("P", "Failed"), 600, GRAPH, states)
    text = "".join(lines)
    assert "✕ Step1 — the first" in text
    assert "the second" not in text
    assert height > draw_header(Header("P", "Failed"), 600, GRAPH, {})[0]


def test_a_long_reason_takes_two_lines_and_is_whole_in_the_tooltip() -> None:
    reason = "because " * 60
    _, lines = draw_header(Header("P"), 500, GRAPH, {"s1": NodeState("Failed", failure_reason=reason)})
    text = "".join(lines)
    assert text.count('class="f-fail"') == 2
    assert f"<title>✕ Step1 — {reason.strip()}</title>" in text


def bars(states: dict[str, NodeState], now: float | None = None) -> list[tuple[float, float]]:
    _, lines = draw_times(GRAPH, states, 800, 0, now)
    return [
        (float(x), float(w))
        for x, w in re.findall(r'<rect class="f-\w+" x="([\d.]+)"[^>]* width="([\d.]+)"', "".join(lines))
    ]


def test_no_times_no_chart() -> None:
    assert draw_times(GRAPH, None, 800, 77, None) == (77, [])
    assert draw_times(GRAPH, {"s1": NodeState("")}, 800, 77, None) == (77, [])


def test_bars_are_to_scale() -> None:
    first, second = bars({"s1": NodeState("Succeeded", 100, 110), "s2": NodeState("Succeeded", 110, 140)})
    assert second[1] / first[1] > 2.9
    assert abs(first[0] + first[1] - second[0]) < 1


def test_a_running_step_reaches_to_now() -> None:
    ((x, width),) = bars({"s1": NodeState("Executing", 100)}, now=130)
    assert x + width > 700


def test_conditions_take_no_row_and_many_steps_are_counted() -> None:
    states = {node.id: NodeState("Succeeded", 1, 2) for node in GRAPH.nodes}
    _, lines = draw_times(GRAPH, states, 800, 0, None)
    assert len(bars(states)) == 14
    assert any("and 6 more" in line for line in lines)
