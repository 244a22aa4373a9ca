"""A drawing's looks as attributes."""

import re
from xml.etree import ElementTree

from hypothesis import given

from pipecell.graph import Graph
from pipecell.view.paint import painted
from pipecell.view.svg import to_svg
from pipecell.view.theme import ink_of
from tests.unit.view.graphs import graphs


def test_a_class_becomes_what_it_means() -> None:
    assert painted('<rect class="bg rule" x="1"/>', "light") == (
        f'<rect class="bg rule" x="1" fill="#ffffff" stroke="{ink_of("line", "light")}"/>'
    )


def test_a_state_s_colour_wins_over_the_card_s() -> None:
    text = painted('<rect class="card strong l-fail"/>', "dark")
    assert f'stroke="{ink_of("fail", "dark")}"' in text
    assert 'stroke-width="2"' in text


def test_what_the_drawing_says_itself_stays() -> None:
    assert painted('<path class="edge" stroke-width="1.5"/>', "light").count("stroke-width") == 1


@given(graphs())
def test_every_shape_has_a_colour_without_the_style_sheet(graph: Graph) -> None:
    root = ElementTree.fromstring(re.sub(r"<style>.*?</style>", "", to_svg(graph), flags=re.DOTALL))
    shapes = [each for each in root.iter() if each.tag.split("}")[1] in ("rect", "path", "text")]
    assert shapes
    assert all(each.get("fill") for each in shapes)
