"""What is alive in a page: a snapshot of Chromium's heap, which of it is the extension's, and what holds it.

Whoever asks Chromium for a snapshot has it collect all garbage first. A snapshot says of each function and of
each object which script made it; so what is ours is known without a word in our own code, whatever a minifier
called it: what our scripts made, and the elements of our classes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import CDPSession

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

_OUR_SCRIPT = re.compile(r"/pipecell-labextension/|^blob:")
"""The extension's own files, and the renderer, which anywidget loads from what the kernel sent."""
_OUR_ELEMENT = re.compile(r'^(?:Detached )?<\w+[^>]* class="(?:[^"]* )?(?:pc-|pcdag\b)')
_ELEMENT = re.compile(r"^(?:Detached )?<(\w+)")
_CLASSES = re.compile(r' class="([^"]*)"')
_PAIR = re.compile(r"^\d+ / part of key .* pair in WeakMap \(table @(\d+)\)$")
_SCOPE = re.compile(r" / scope @\d+$")
_ROOTS = np.zeros(1, np.int64)
_DETACHED = 2
_DISPOSED = 1
"""The bit that Lumino sets in the flags of a widget that is disposed."""


@dataclass(frozen=True)
class Counts:
    """How many there are of what is ours, and of what ours alone holds, by what they are."""

    ours: Counter[str]
    by_us: Counter[str]

    @property
    def total(self) -> int:
        """How many there are together."""
        return self.ours.total() + self.by_us.total()


@dataclass(frozen=True)
class Heap:
    """A snapshot of a heap.

    Attributes:
        nodes: a row for each thing, of the fields that ``fields`` names.
        fields: columns of ``nodes``, by name.
        kinds: names of the values of the field ``type``.
        edges: a row for each reference: its type, its name or index, the row of what it leads to. Those of a
            thing stand together, in the order of ``nodes``.
        places: a row for each thing whose making is known: its row, the row of its script, line and column.
        strings: what names are indices of.
    """

    nodes: Indices
    fields: Mapping[str, int]
    kinds: tuple[str, ...]
    edges: Indices
    edge_kinds: tuple[str, ...]
    places: Indices
    strings: tuple[str, ...]

    @classmethod
    def taken(cls, session: CDPSession) -> Heap:
        """Collect the garbage of a page and take a snapshot of what is left."""
        chunks: list[str] = []

        def take(event: dict[str, Any]) -> None:
            chunks.append(event["chunk"])

        session.on("HeapProfiler.addHeapSnapshotChunk", take)
        try:
            session.send("HeapProfiler.takeHeapSnapshot", {"captureNumericValue": True})
        finally:
            session.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
        return cls.read("".join(chunks))

    @classmethod
    def read(cls, text: str) -> Heap:
        """Read a snapshot in Chromium's own JSON."""
        found = json.loads(text)
        meta = found["snapshot"]["meta"]
        width, node = len(meta["node_fields"]), meta["node_fields"].index
        nodes = np.array(found["nodes"], np.int64).reshape(-1, width)
        edges = np.array(found["edges"], np.int64).reshape(-1, len(meta["edge_fields"]))
        edges[:, 2] //= width
        fields = meta["location_fields"]
        columns = [fields.index(name) for name in ("object_index", "script_object_index", "line", "column")]
        places = np.array(found["locations"], np.int64).reshape(-1, len(fields))[:, columns]
        places[:, :2] //= width
        return cls(
            nodes=nodes,
            fields={name: node(name) for name in ("type", "name", "id", "edge_count", "detachedness")},
            kinds=tuple(meta["node_types"][0]),
            edges=edges,
            edge_kinds=tuple(meta["edge_types"][0]),
            places=places,
            strings=tuple(found["strings"]),
        )

    def name(self, node: int) -> str:
        """Return what Chromium calls a thing: its constructor, its tag, its function."""
        return self.strings[int(self.nodes[node, self.fields["name"]])]

    @cached_property
    def ours(self) -> Mask:
        """What is the extension's own."""
        found = np.zeros(len(self.nodes), np.bool_)
        scripts = {int(script) for script in np.unique(self.places[:, 1])}
        own = [script for script in scripts if _OUR_SCRIPT.search(self.name(script))]
        found[self.places[np.isin(self.places[:, 1], own), 0]] = True
        names = [number for number, text in enumerate(self.strings) if _OUR_ELEMENT.match(text)]
        found |= np.isin(self.nodes[:, self.fields["name"]], names)
        return found & self.counted

    @cached_property
    def counted(self) -> Mask:
        """What scripts of the page made, and the elements; all else is part of these, or the engine's."""
        found = np.zeros(len(self.nodes), np.bool_)
        found[self.places[:, 0]] = True
        names = [number for number, text in enumerate(self.strings) if _ELEMENT.match(text)]
        found |= self._of("native") & np.isin(self.nodes[:, self.fields["name"]], names)
        return found

    @cached_property
    def left(self) -> Mask:
        """What is not ours and was disposed, or is no more in the page: its makers hold it, or nobody."""
        gone: Mask = self.nodes[:, self.fields["detachedness"]] == _DETACHED
        for flag in ("_isDisposed", "_disposed"):
            gone[[owner for owner, value in self._values(flag) if self.name(value) == "true"]] = True
        gone[[owner for owner, value in self._values("_flags") if self._number(value) & _DISPOSED]] = True
        return gone & ~self.ours

    @cached_property
    def ours_held(self) -> Mask:
        """What of ours is held by something else than what JupyterLab has closed and keeps."""
        return self.reached_without(self.left) & self.ours

    @cached_property
    def held_by_us(self) -> Mask:
        """What is not ours and would be freed if nothing of ours held anything."""
        without = self.reached_without(self.ours)
        return self._searched(without, np.flatnonzero(self.ours_held))[0] & ~self.ours & self.counted

    @cached_property
    def counts(self) -> Counts:
        """What a leak makes more of."""
        return Counts(self.tally(self.ours_held), self.tally(self.held_by_us))

    def age(self, node: int) -> int:
        """Return a number that is the greater, the later the engine met a thing."""
        return int(self.nodes[node, self.fields["id"]])

    def reached_without(self, barred: Mask) -> Mask:
        """Return what is held from the roots past some things."""
        return self._searched(barred)[0]

    def tally(self, chosen: Mask) -> Counter[str]:
        """Count things, by what they are and where they were made."""
        return Counter(self.label(int(node)) for node in np.flatnonzero(chosen))

    def label(self, node: int) -> str:
        """Return what a thing is: an element's tag and classes, else its name and the place that made it."""
        name = _SCOPE.sub("", self.name(node))
        element = _ELEMENT.match(name)
        if element:
            classes = _CLASSES.search(name)
            return ".".join([f"<{element[1]}>", *(sorted(set(classes[1].split())) if classes else ())])
        kind = self.kinds[self.nodes[node, self.fields["type"]]]
        place = self._placed.get(node)
        return f"{kind} {name}" if place is None else f"{kind} {name} {self._place(*place)}"

    def path(self, node: int) -> list[str]:
        """Return what holds it, from the roots on, each with the reference that leads on: the shortest."""
        parents = self._paths
        steps = []
        while node != 0 and parents[node] >= 0:
            edge = int(parents[node])
            steps.append(f"{self._edge(edge)} → {self.label(node)}")
            node = self._owner(edge)
        return steps[::-1]

    @cached_property
    def _paths(self) -> Indices:
        past, whole = self._searched(self.left), self._searched(np.zeros(len(self.nodes), np.bool_))
        return np.where(past[0], past[1], whole[1])

    def _searched(self, barred: Mask, front: Indices = _ROOTS) -> tuple[Mask, Indices]:
        """Search breadth first; return what is found, and the reference by which it was first."""
        seen = barred.copy()
        seen[front] = True
        by = np.full(len(self.nodes), -1, np.int64)
        ends = self._begins + self.nodes[:, self.fields["edge_count"]]
        while len(front):
            counts = ends[front] - self._begins[front]
            offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            edges = np.repeat(self._begins[front], counts) + offsets
            edges = edges[self._strong[edges]]
            edges = edges[~seen[self.edges[edges, 2]]]
            front, first = np.unique(self.edges[edges, 2], return_index=True)
            by[front] = edges[first]
            seen[front] = True
        return seen & ~barred, by

    @cached_property
    def _begins(self) -> Indices:
        counts = self.nodes[:, self.fields["edge_count"]]
        return np.cumsum(counts) - counts

    @cached_property
    def _strong(self) -> Mask:
        """The references that hold; of the two to a WeakMap's value, that of its key."""
        strong: Mask = self.edges[:, 0] != self.edge_kinds.index("weak")
        pairs = {number: match[1] for number, text in enumerate(self.strings) if (match := _PAIR.match(text))}
        internal = self.edges[:, 0] == self.edge_kinds.index("internal")
        ids = self.nodes[:, self.fields["id"]]
        for edge in np.flatnonzero(internal & np.isin(self.edges[:, 1], list(pairs))):
            strong[edge] = ids[self._owner(int(edge))] != int(pairs[int(self.edges[edge, 1])])
        return strong

    @cached_property
    def _placed(self) -> dict[int, tuple[int, int, int]]:
        return {
            int(node): (int(script), int(line), int(column)) for node, script, line, column in self.places
        }

    def _of(self, kind: str) -> Mask:
        found: Mask = self.nodes[:, self.fields["type"]] == self.kinds.index(kind)
        return found

    def _values(self, prop: str) -> list[tuple[int, int]]:
        """Return who has a property, each with its value."""
        names = [number for number, text in enumerate(self.strings) if text == prop]
        named = self.edges[:, 0] == self.edge_kinds.index("property")
        found = np.flatnonzero(named & np.isin(self.edges[:, 1], names))
        return [(self._owner(int(edge)), int(self.edges[edge, 2])) for edge in found]

    def _number(self, node: int) -> int:
        """Return a small whole number; 0 for everything else."""
        begin = int(self._begins[node])
        for _, name, to in self.edges[begin : begin + self.nodes[node, self.fields["edge_count"]]]:
            if self.strings[name] == "value" and self.name(int(to)).isdecimal():
                return int(self.name(int(to)))
        return 0

    def _owner(self, edge: int) -> int:
        return int(np.searchsorted(self._begins, edge, side="right")) - 1

    def _place(self, script: int, line: int, column: int) -> str:
        file = self.name(script).rpartition("/")[2].partition("?")[0]
        return f"{file}:{line + 1}:{column + 1}"

    def _edge(self, edge: int) -> str:
        kind, name, _ = self.edges[edge]
        indexed = self.edge_kinds[kind] in ("element", "hidden")
        return f"[{name}]" if indexed else self.strings[name]
