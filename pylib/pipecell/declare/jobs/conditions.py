"""A condition cell: Python's own ``if``, read from its syntax tree.

What SageMaker can decide is a small part of Python: comparisons of two values, with ``and``, ``or``, ``not``
and ``in``; the branches name steps. Everything else is an error at its line and column.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from pipecell.declare.jobs.free_names import parse, place
from pipecell.declare.jobs.values import StepOutput, Value, is_plain, is_variable, output_at
from pipecell.errors import DeclarationError, nearest

Operator = Literal["==", "!=", "<", "<=", ">", ">="]

_OPERATORS: Mapping[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_MIRRORED: Mapping[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WAY_OUT = 'A condition compares values: `Eval.report["accuracy"] >= threshold`, with and, or, not, in.'


@dataclass(frozen=True)
class Comparison:
    """``left operator right``; the left side is known only when the pipeline runs."""

    operator: Operator
    left: Value
    right: Value


@dataclass(frozen=True)
class Membership:
    """``value in choices``."""

    value: Value
    choices: tuple[Value, ...]


@dataclass(frozen=True)
class Both:
    """All parts hold."""

    parts: tuple[Test, ...]


@dataclass(frozen=True)
class Either:
    """At least one part holds."""

    parts: tuple[Test, ...]


@dataclass(frozen=True)
class Negation:
    """The part does not hold."""

    part: Test


Test = Comparison | Membership | Both | Either | Negation


@dataclass(frozen=True)
class Branching:
    """One ``if``: what is asked, and the steps of both answers.

    Attributes:
        test: the condition.
        then: names of steps, and inner ifs, where it holds.
        otherwise: the same where it does not; ``elif`` is an inner if.
    """

    test: Test
    then: tuple[str | Branching, ...]
    otherwise: tuple[str | Branching, ...]

    def steps(self) -> Iterator[str]:
        """Yield the names of the steps in all branches."""
        for item in (*self.then, *self.otherwise):
            if isinstance(item, str):
                yield item
            else:
                yield from item.steps()

    def outputs_read(self) -> Iterator[StepOutput]:
        """Yield every output that a test reads, inner ifs included."""
        for operand in operands(self.test):
            if isinstance(operand, StepOutput):
                yield operand
        for item in (*self.then, *self.otherwise):
            if isinstance(item, Branching):
                yield from item.outputs_read()


def operands(test: Test) -> Iterator[Value]:
    """Yield the values that a test looks at."""
    if isinstance(test, Comparison):
        yield from (test.left, test.right)
    elif isinstance(test, Membership):
        yield from (test.value, *test.choices)
    elif isinstance(test, Negation):
        yield from operands(test.part)
    else:
        for part in test.parts:
            yield from operands(part)


def read_condition(
    body: str, namespace: Mapping[str, Any], step: str, known: Collection[str] = ()
) -> Branching:
    """Read the body of a condition cell.

    Args:
        body: one ``if`` with its ``elif`` and ``else``.
        namespace: the notebook's variables.
        step: the condition's name.
        known: names of steps, which win over variables of the same name.

    Raises:
        DeclarationError: ``PC644``, not Python; ``PC646``, Python that a condition cannot say.
    """
    reader = _Reader(namespace, step, frozenset(known))
    tree = parse(body, step)
    if not tree.body:
        raise DeclarationError(
            f"{step} has no condition.", code="PC646", step=step, hint=f"Write an if. {_WAY_OUT}"
        )
    if not isinstance(tree.body[0], ast.If):
        reader.refuse(tree.body[0], "A condition cell is one if with its elif and else")
    if len(tree.body) > 1:
        reader.refuse(tree.body[1], "A condition cell is one if, and nothing follows it")
    return reader.branching(tree.body[0])


class _Reader:
    """Reads syntax; knows where to look names up."""

    def __init__(self, namespace: Mapping[str, Any], step: str, known: frozenset[str]) -> None:
        self._namespace = namespace
        self._step = step
        self._known = known

    def refuse(self, node: ast.AST, sentence: str, hint: str = _WAY_OUT) -> NoReturn:
        at = place(getattr(node, "lineno", 1), getattr(node, "col_offset", 0))
        raise DeclarationError(f"{sentence}.", code="PC646", step=self._step, path=at, hint=hint)

    def branching(self, node: ast.If) -> Branching:
        return Branching(self._test(node.test), self._branch(node.body), self._branch(node.orelse))

    def _branch(self, statements: list[ast.stmt]) -> tuple[str | Branching, ...]:
        found: list[str | Branching] = []
        for statement in statements:
            if isinstance(statement, ast.If):
                found.append(self.branching(statement))
            elif isinstance(statement, ast.Pass):
                continue
            elif isinstance(statement, ast.Expr):
                found += self._steps(statement.value)
            else:
                self.refuse(
                    statement, "A branch holds the names of steps", "Write one step's name a line, or pass."
                )
        return tuple(found)

    def _steps(self, node: ast.expr) -> list[str]:
        if isinstance(node, ast.Tuple | ast.List):
            return [name for element in node.elts for name in self._steps(element)]
        if isinstance(node, ast.Constant) and node.value is ...:
            return []
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, ast.Name):
            value = self._namespace.get(node.id)
            own = getattr(value, "name", None)
            is_step = hasattr(type(value), "to_request") or hasattr(type(value), "request_dicts")
            return [str(own)] if is_step and own and node.id not in self._known else [node.id]
        return self.refuse(
            node,
            "A branch holds the names of steps",
            'A step whose name is no Python name stands in quotes: "My-Step".',
        )

    def _test(self, node: ast.expr) -> Test:
        if isinstance(node, ast.BoolOp):
            parts = tuple(self._test(value) for value in node.values)
            return Both(parts) if isinstance(node.op, ast.And) else Either(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self._test(node.operand))
        if isinstance(node, ast.Compare):
            return self._compare(node)
        value = self._operand(node)
        if is_plain(value):
            self.refuse(node, f"This is {bool(value)} before the pipeline runs")
        return Comparison("==", value, True)

    def _compare(self, node: ast.Compare) -> Test:
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        parts = tuple(self._pair(left, operator, right) for left, operator, right in pairs)
        return parts[0] if len(parts) == 1 else Both(parts)

    def _pair(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Test:
        if isinstance(operator, ast.In | ast.NotIn):
            found = Membership(self._operand(left), self._choices(right))
            if is_plain(found.value) and all(map(is_plain, found.choices)):
                self.refuse(left, "Both sides are known before the pipeline runs")
            return Negation(found) if isinstance(operator, ast.NotIn) else found
        word = _OPERATORS.get(type(operator))
        if word is None:
            self.refuse(right, "`is` compares Python objects, not values", "Write == or !=.")
        first, second = self._operand(left), self._operand(right)
        if is_plain(first) and is_plain(second):
            self.refuse(left, "Both sides are known before the pipeline runs")
        if word not in ("==", "!=") and any(
            is_plain(side) and isinstance(side, str | bool) for side in (first, second)
        ):
            self.refuse(left, f"{word} compares numbers")
        if is_plain(first):
            return Comparison(_MIRRORED[word], second, first)
        return Comparison(word, first, second)

    def _choices(self, node: ast.expr) -> tuple[Value, ...]:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return tuple(self._operand(element) for element in node.elts)
        value = self._computed(node)
        if not isinstance(value, list | tuple | set | frozenset) or not value:
            self.refuse(node, "`in` needs a list of values on its right side", 'Write `x in ["a", "b"]`.')
        return tuple(sorted(value, key=repr) if isinstance(value, set | frozenset) else value)

    def _operand(self, node: ast.expr) -> Value:
        output = self._output(node)
        if output is not None:
            return output
        value = self._computed(node)
        if isinstance(value, StepOutput) or is_plain(value) or is_variable(value):
            return value
        kind = type(value).__name__
        return self.refuse(
            node, f"{ast.unparse(node)} is a {kind}; a condition compares texts, numbers and booleans"
        )

    def _output(self, node: ast.expr) -> StepOutput | None:
        """Return the step output that an expression names: ``Step.output``, ``Step.output["a.b"]``."""
        root, trail = _chain(node)
        name = root.id if isinstance(root, ast.Name) else getattr(root, "value", None)
        if not isinstance(name, str) or not trail:
            return None
        if isinstance(root, ast.Name) and name not in self._known and self._is_variable_name(name):
            return None
        first, *rest = trail
        if not rest:
            return StepOutput(name, first[1])
        if len(rest) == 1 and rest[0][0] == "item":
            return output_at(name, first[1], rest[0][1])
        words = [first[1]]
        words += [f".{word}" if kind == "attribute" else f"['{word}']" for kind, word in rest]
        return StepOutput(name, "".join(words))

    def _is_variable_name(self, name: str) -> bool:
        return name in self._namespace or hasattr(builtins, name)

    def _computed(self, node: ast.expr) -> Any:
        """Return what an expression of the notebook's own variables is."""
        for name in (inner for inner in ast.walk(node) if isinstance(inner, ast.Name)):
            if not self._is_variable_name(name.id):
                close = nearest(name.id, (known for known in self._namespace if not known.startswith("_")))
                self.refuse(
                    name,
                    f"There is no variable {name.id} in this notebook",
                    f"Did you mean {close}?" if close else 'A step\'s output is read as Step.output["path"].',
                )
        if isinstance(node, ast.Lambda | ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            self.refuse(node, f"A condition cannot say `{ast.unparse(node)}`")
        try:
            code = compile(ast.Expression(node), "<condition>", "eval")
            return eval(code, dict(self._namespace))  # noqa: S307 - the user's own expression
        except Exception as error:
            self.refuse(
                node,
                f"`{ast.unparse(node)}` cannot be worked out before the pipeline runs "
                f"({type(error).__name__}: {error})",
            )


def _chain(node: ast.expr) -> tuple[ast.expr, list[tuple[str, str]]]:
    """Take ``root.a["b"]`` apart; an empty trail when it is something else."""
    trail: list[tuple[str, str]] = []
    while True:
        if isinstance(node, ast.Attribute):
            trail.insert(0, ("attribute", node.attr))
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            trail.insert(0, ("item", str(node.slice.value)))
            node = node.value
        else:
            return node, trail
