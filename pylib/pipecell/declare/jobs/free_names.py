"""Names that a script uses without having them: a job sees nothing of the notebook's variables."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable, Mapping
from typing import Any

from pipecell.errors import DeclarationError

_QUOTED = 80
"""Letters of a line of code that a message quotes."""


def check(body: str, known: Iterable[str], namespace: Mapping[str, Any], step: str) -> ast.Module:
    """Parse a script and refuse it if it cannot run on its own.

    Args:
        body: the cell's body.
        known: names that the preamble binds.
        namespace: the notebook's variables, for the hint.
        step: whose script it is.

    Returns:
        Its syntax tree.

    Raises:
        DeclarationError: ``PC644``, it is not Python; ``PC643``, it uses a name that it neither imports nor
            defines.
    """
    from pyflakes.checker import Checker
    from pyflakes.messages import UndefinedLocal, UndefinedName

    tree = parse(body, step)
    found = Checker(tree, filename=step, builtins=set(known)).messages
    undefined = [message for message in found if isinstance(message, UndefinedName | UndefinedLocal)]
    if not undefined:
        return tree
    undefined.sort(key=lambda message: (message.lineno, message.col))
    first, name = undefined[0], str(undefined[0].message_args[0])
    others = sorted({str(message.message_args[0]) for message in undefined} - {name})
    also = f" The same holds for {', '.join(others)}." if others else ""
    raise DeclarationError(
        f"The script uses {name}, but neither imports nor defines it: a job does not see the notebook's "
        f"variables.{also}",
        code="PC643",
        step=step,
        path=place(first.lineno, first.col),
        hint=_way_out(name, namespace),
    )


def parse(body: str, step: str) -> ast.Module:
    """Parse a cell's body.

    Raises:
        DeclarationError: ``PC644``, it is not Python.
    """
    try:
        return ast.parse(body)
    except SyntaxError as error:
        line = (error.text or "").strip()
        magic = line.startswith(("%", "!"))
        quoted = f"`{line[:_QUOTED]}…`" if len(line) > _QUOTED else f"`{line}`"
        end = "" if error.msg.endswith(("?", ".")) else "."
        raise DeclarationError(
            f"{quoted if line else 'The script'} is not Python: {error.msg}{end}",
            code="PC644",
            step=step,
            path=place(error.lineno or 1, (error.offset or 1) - 1),
            hint="A job runs plain Python, without IPython's magics." if magic else "",
        ) from None


def place(line: int, column: int) -> str:
    """Return a place in a cell as editors count it; the magic is line 1, columns start at 1."""
    return f"line {line + 1}, column {column + 1}"


def _way_out(name: str, namespace: Mapping[str, Any]) -> str:
    value = namespace.get(name)
    if isinstance(value, types.ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        return f"Write `import {value.__name__}{alias}` in the cell."
    if isinstance(value, type | types.FunctionType):
        return f"Define {name} in the cell, or put it into a file and add --with FILE.py."
    if name in namespace:
        return f'Pass it with --param {name}=${name} and read params["{name}"].'
    return f'Import or define {name} in the cell; a value comes in with --param {name}=… as params["{name}"].'
