"""Cards: sizes and words before they have a place."""

from hypothesis import given

from pipecell.graph import Graph, Node
from pipecell.view.cards import LEFT, RIGHT, STATE_ROOM, Card, cards_of
from pipecell.view.metrics import text_width
from tests.unit.view.graphs import graphs


def card(name: str, summary: str = "", type_: str = "Training", *, with_state: bool = False) -> Card:
    return cards_of([Node("a", name, type_, summary=summary)], with_state=with_state)["a"]


def test_short_names_are_never_shortened() -> None:
    short = card("TuneBest", with_state=True)
    for beside in ("", "○", "0:04 ●", "12:34 ✓", "reused ↺"):
        assert short.title_in(short.width, beside) == "TuneBest"


def test_room_for_the_state_is_kept_from_the_start() -> None:
    name = "TrainBoosting00"
    assert card(name, with_state=True).width - card(name).width == STATE_ROOM


def test_without_a_summary_the_type_is_said() -> None:
    assert card("A").summary == "Training"
    assert card("A", type_="Condition").summary == ""
    assert card("A", type_="Condition").diamond


@given(graphs())
def test_words_fit_into_their_card(graph: Graph) -> None:
    for one in cards_of(graph.nodes, with_state=True).values():
        room = one.width - LEFT - RIGHT
        if not one.diamond:
            assert (
                text_width(one.title_in(one.width, "0:21 ✓"), 12, bold=True)
                + text_width("0:21 ✓", 12, bold=True)
                <= room
            )
            assert text_width(one.summary_in(one.width), 11) <= room
