"""Small heaps, of which it is known what holds what."""

from __future__ import annotations

import json
from collections import Counter

from tests.browser.heap import Heap

OUR_SCRIPT = "http://127.0.0.1:8888/lab/extensions/pipecell-labextension/static/1.js"
THEIR_SCRIPT = "http://127.0.0.1:8888/static/lab/jlab_core.js"
KINDS = ["object", "closure", "native", "code", "synthetic", "number"]
REFERENCES = ["property", "weak", "internal", "element"]


def heap(
    references: list[tuple[str, str, str]],
    *,
    made: dict[str, str] | None = None,
    kinds: dict[str, str] | None = None,
    detached: frozenset[str] = frozenset(),
) -> Heap:
    """Return a heap of references (from, name, to), the first from the roots; a name may begin with its kind.

    Args:
        made: the scripts that made things.
        kinds: what is no object.
        detached: elements that are not in the page.
    """
    made, kinds = made or {}, kinds or {}
    scripts = sorted(set(made.values()))
    things = list(dict.fromkeys(["", *(end for each in references for end in (each[0], each[2])), *scripts]))
    strings: list[str] = []

    def text(value: str) -> int:
        if value not in strings:
            strings.append(value)
        return strings.index(value)

    nodes, edges = [], []
    for number, thing in enumerate(things):
        kind = "code" if thing in scripts else kinds.get(thing, "object" if thing else "synthetic")
        mine = [each for each in references if each[0] == thing]
        nodes += [KINDS.index(kind), text(thing), 100 + number, 0, len(mine), 2 if thing in detached else 1]
        for _, name, to in mine:
            sort, _, rest = name.rpartition(":")
            edges += [REFERENCES.index(sort or "property"), text(rest), 6 * things.index(to)]
    places = []
    for thing, script in made.items():
        places += [6 * things.index(thing), 0, 6 * things.index(script), 0, 9]
    fields = ["type", "name", "id", "self_size", "edge_count", "detachedness"]
    meta = {
        "node_fields": fields,
        "node_types": [KINDS],
        "edge_fields": ["type", "name_or_index", "to_node"],
        "edge_types": [REFERENCES],
        "location_fields": ["object_index", "script_id", "script_object_index", "line", "column"],
    }
    snapshot = {"nodes": nodes, "edges": edges, "locations": places, "strings": strings}
    return Heap.read(json.dumps({"snapshot": {"meta": meta}, **snapshot}))


def labels(counts: Counter[str]) -> set[str]:
    return set(counts)


def test_ours_is_what_our_scripts_made_and_what_wears_our_classes() -> None:
    badge, cell = '<button class="jp-x pc-Badge" title="a">', '<div class="jp-Cell">'
    found = heap(
        [("", "a", "Badges"), ("", "b", "Notebook"), ("", "c", badge), ("", "d", cell)],
        made={"Badges": OUR_SCRIPT, "Notebook": THEIR_SCRIPT},
        kinds={badge: "native", cell: "native"},
    )
    assert found.tally(found.ours) == {"object Badges 1.js:1:10": 1, "<button>.jp-x.pc-Badge": 1}


def test_a_weak_reference_holds_nothing() -> None:
    found = heap([("", "weak:seen", "Ours")], made={"Ours": OUR_SCRIPT})
    assert labels(found.counts.ours) == set()


def test_a_weak_map_holds_a_value_by_its_key_alone() -> None:
    pair = "internal:2 / part of key (Key @102) -> value (Ours @103) pair in WeakMap (table @101)"
    table = [("", "map", "table"), ("", "key", "Key"), ("table", pair, "Ours")]
    made = {"Ours": OUR_SCRIPT}
    assert labels(heap(table, made=made).counts.ours) == set()
    assert labels(heap([*table, ("Key", pair, "Ours")], made=made).counts.ours) == {"object Ours 1.js:1:10"}


def test_what_only_a_closed_notebook_of_theirs_holds_does_not_count() -> None:
    kept = [("", "kept", "Notebook"), ("Notebook", "badges", "Ours")]
    made = {"Ours": OUR_SCRIPT, "Notebook": THEIR_SCRIPT}
    assert labels(heap([*kept, ("Notebook", "_isDisposed", "true")], made=made).counts.ours) == set()
    assert labels(heap(kept, made=made).counts.ours) == {"object Ours 1.js:1:10"}


def test_a_widget_s_flags_say_that_it_is_disposed() -> None:
    references = [("", "kept", "Cell"), ("Cell", "ours", "Ours"), ("Cell", "_flags", "smi number")]
    made = {"Ours": OUR_SCRIPT, "Cell": THEIR_SCRIPT}
    for flags, there in (("1", False), ("9", False), ("2", True)):
        found = heap(
            [*references, ("smi number", "internal:value", flags)], made=made, kinds={"smi number": "number"}
        )
        assert bool(found.counts.ours) is there


def test_what_an_element_out_of_the_page_holds_does_not_count() -> None:
    row = '<div class="jp-Toolbar">'
    references = [("", "kept", row), (row, "child", "Ours")]
    made, kinds = {"Ours": OUR_SCRIPT}, {row: "native"}
    assert heap(references, made=made, kinds=kinds).counts.ours
    assert not heap(references, made=made, kinds=kinds, detached=frozenset([row])).counts.ours


def test_what_ours_alone_holds_is_told_from_what_others_hold_too() -> None:
    references = [
        ("", "panel", "Panel"),
        ("Panel", "notebook", "Notebook"),
        ("Panel", "kernel", "Kernel"),
        ("", "kernels", "Kernel"),
    ]
    made = {"Panel": OUR_SCRIPT, "Notebook": THEIR_SCRIPT, "Kernel": THEIR_SCRIPT}
    found = heap(references, made=made).counts.by_us
    assert labels(found) == {"object Notebook jlab_core.js:1:10"}


def test_what_ours_holds_that_only_their_closed_cell_holds_does_not_count() -> None:
    references = [
        ("", "document", "Document"),
        ("", "panel", "Panel"),
        ("Panel", "document", "Document"),
        ("Document", "kept", "Cell"),
        ("Cell", "_isDisposed", "true"),
        ("Cell", "output", "Output"),
        ("Output", "child", "Widget"),
    ]
    theirs = dict.fromkeys(("Document", "Cell", "Widget"), THEIR_SCRIPT)
    found = heap(references, made={"Panel": OUR_SCRIPT, "Output": OUR_SCRIPT, **theirs})
    assert labels(found.counts.by_us) == set()


def test_a_path_tells_each_reference_from_the_roots_on() -> None:
    references = [("", "a", "A"), ("A", "b", "B"), ("B", "c", "Ours"), ("", "weak:w", "Ours")]
    found = heap(references, made={"Ours": OUR_SCRIPT})
    ours = int(found.ours.nonzero()[0][0])
    assert found.path(ours) == ["a → object A", "b → object B", "c → object Ours 1.js:1:10"]
