"""Which JSON documents a script writes, as far as that can be read from its text.

Only what is certain is said: a value that is computed may be anything, and a document whose keys are
not all written down may have any key.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipecell.definition.paths import Segment


class Leaf:
    """A number, a text or a boolean: nothing is below it."""


LEAF = Leaf()


@dataclass(frozen=True)
class Written:
    """The JSON documents that a script writes.

    Attributes:
        documents: each as a tree of its keys; None for a part, or a whole, that is not known.
        otherwise: it may write more, by means that we cannot follow.
    """

    documents: tuple[object, ...] = ()
    otherwise: bool = False

    @property
    def certain(self) -> bool:
        """Whether all of them are known at their top, and there is one at all."""
        known = all(isinstance(each, Mapping) for each in self.documents)
        return bool(self.documents) and known and not self.otherwise

    def may_have(self, path: tuple[Segment, ...]) -> bool:
        """Tell whether some document has, or may have, something at a path."""
        return any(_may_have(document, path) for document in self.documents)

    def paths(self) -> list[str]:
        """Return the paths that are known to be written, dots between their names."""
        return [path for document in self.documents for path in _paths(document, "")]


def _may_have(tree: object, path: tuple[Segment, ...]) -> bool:
    if not path or tree is None:
        return True
    if isinstance(tree, Mapping) and str(path[0]) in tree:
        return _may_have(tree[str(path[0])], path[1:])
    return False


def _paths(tree: object, start: str) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for key, below in tree.items():
            yield from _paths(below, f"{start}.{key}" if start else str(key))
    elif start:
        yield start


def written(module: ast.Module) -> Written:
    """Return the JSON documents that a module writes with ``json.dump`` or ``json.dumps``."""
    names = _Names()
    names.visit(module)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    documents = [names.tree(call.args[0]) for call in calls if _is_dump(call.func) and call.args]
    return Written(tuple(documents), any(_writes_otherwise(call, names) for call in calls))


def _writes_otherwise(call: ast.Call, names: _Names) -> bool:
    """Tell whether a call may write a file of something else than the text that ``json.dumps`` returns."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _WRITERS:
        return False
    if call.func.attr not in ("write", "write_text") or not call.args:
        return True
    text = call.args[0]
    if isinstance(text, ast.Name):
        values = names.values.get(text.id, [])
        text = values[0] if len(values) == 1 else text
    return not (isinstance(text, ast.Call) and _is_dump(text.func))


def _is_dump(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in ("dump", "dumps") and isinstance(function.value, ast.Name)
    return isinstance(function, ast.Name) and function.id in ("dump", "dumps")


@dataclass
class _Names(ast.NodeVisitor):
    """What each name of a module stands for, where it is one dictionary and nothing else changes it."""

    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    added: dict[str, list[tuple[ast.expr, ast.expr]]] = field(default_factory=dict)
    spoiled: set[str] = field(default_factory=set)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.values.setdefault(target.id, []).append(node.value)
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                self.added.setdefault(target.value.id, []).append((target.slice, node.value))
            else:
                self._spoil(target)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            self.values.setdefault(node.target.id, []).append(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        """A method of a dictionary, or a function that gets it, may change it; writing it does not."""
        if not _is_dump(node.func) and not (isinstance(node.func, ast.Name) and node.func.id in _READERS):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                self._spoil(argument)
            if isinstance(node.func, ast.Attribute):
                self._spoil(node.func.value)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
        self.spoiled |= {argument.arg for argument in arguments}
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._spoil(node.target)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._spoil(node.target)
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._spoil(item.optional_vars)
        self.generic_visit(node)

    def _spoil(self, node: ast.expr) -> None:
        while isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
            node = node.value
        if isinstance(node, ast.Name):
            self.spoiled.add(node.id)
        elif isinstance(node, ast.Tuple | ast.List):
            for item in node.elts:
                self._spoil(item)

    def tree(self, node: ast.expr, depth: int = 0) -> object:
        """Return the tree of keys of an expression, None where it is not known."""
        if isinstance(node, ast.Dict):
            return self._dictionary(node, depth)
        if isinstance(node, ast.Constant):
            return LEAF
        if isinstance(node, ast.Name) and depth < _DEEPEST:
            values = self.values.get(node.id, [])
            if len(values) != 1 or node.id in self.spoiled:
                return None
            found = self.tree(values[0], depth + 1)
            return self._with_added(node.id, found, depth) if isinstance(found, dict) else found
        return None

    def _dictionary(self, node: ast.Dict, depth: int) -> object:
        found: dict[str, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                return None
            found[key.value] = self.tree(value, depth + 1)
        return found

    def _with_added(self, name: str, found: dict[str, object], depth: int) -> object:
        whole = dict(found)
        for key, value in self.added.get(name, ()):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                return None
            whole[key.value] = self.tree(value, depth + 1)
        return whole


_DEEPEST = 8
_WRITERS = frozenset(
    {
        *("write", "write_text", "write_bytes", "writelines", "to_json", "write_json", "model_dump_json"),
        *("copy", "copyfile", "copy2", "move", "rename", "replace", "run", "call", "check_call", "system"),
        *("check_output", "Popen", "download_file", "update"),
    }
)
_READERS = frozenset({"print", "len", "str", "repr", "sorted", "type", "isinstance"})
