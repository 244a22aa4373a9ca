"""What can be seen in a Python file without running it: whether it parses, and what it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_CATCHES_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True)
class Source:
    """A parsed Python file.

    Attributes:
        tree: its syntax tree; None when it cannot be parsed.
        error: what is wrong with it, one sentence; empty when nothing is.
        line: the line at fault.
        imports: top-level modules that it must be able to import, each with its first line.
    """

    tree: ast.Module | None
    error: str = ""
    line: int = 0
    imports: tuple[tuple[str, int], ...] = ()


@lru_cache(maxsize=1024)  # more than the scripts of a large pipeline: a check reads each several times
def read_source(content: bytes) -> Source:
    """Parse a Python file; one content is parsed once."""
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        return Source(None, error.msg or "invalid syntax", error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return Source(None, str(error) or type(error).__name__)
    needed: dict[str, int] = {}
    for name, line in _imports(tree):
        needed.setdefault(name, line)
    return Source(tree, imports=tuple(needed.items()))


def _imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield (module, line) of what is imported for certain: not where a failure is caught or a guess made."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield alias.name.partition(".")[0], child.lineno
        elif isinstance(child, ast.ImportFrom):
            if child.level == 0 and child.module:
                yield child.module.partition(".")[0], child.lineno
        elif isinstance(child, ast.Try) and any(_catches(handler) for handler in child.handlers):
            continue
        elif isinstance(child, ast.If):
            continue  # `if TYPE_CHECKING`, `if sys.version_info …`: whoever wrote it knows why
        else:
            yield from _imports(child)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _CATCHES_IMPORTS for kind in kinds)
