"""Write ``docs/checks.md``: every rule of ``check``, from the rules themselves.

Run it when a rule has changed: ``python scripts/make_checks_page.py``; a test fails until that is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pipecell.definition import read_document
from pipecell.definition.checks import FAMILIES, Rule, check

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"
LONGEST = 700
"""Characters of an example that the page shows; a longer one only says what is long in it."""

INTRODUCTION = """# What `check` finds

`%pipeline check` in a notebook, `pipecell check FILE` in a shell. An **error** is refused by AWS or must
fail, and `run` refuses it too; a **warning** is probably not meant; **info** could be better. Nothing here
needs a network or an AWS account. `--format sarif` writes what code review tools read.

A comment in a cell passes a finding over: `# pipecell: ignore PC203`. At the end of a statement, or inside
it, it is about the steps that the statement declares; on a line of its own it is about the whole cell. Soft
limits of an account are set likewise: `# pipecell: quota steps=100`.

<!-- Written by scripts/make_checks_page.py from the rules in pylib/pipecell/definition/checks. -->
"""


def page() -> str:
    """Return the page."""
    return "\n".join(
        [INTRODUCTION, *_contents(), *(line for f in FAMILIES for line in _family(f.title, f.rules))]
    )


def _contents() -> Iterator[str]:
    yield "| code | severity | finds |"
    yield "| --- | --- | --- |"
    for family in FAMILIES:
        for rule in family.rules:
            yield f"| [{rule.code}](#{rule.code.lower()}) | {rule.severity} | {rule.title} |"
    yield ""


def _family(title: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    for rule in rules:
        yield f"### {rule.code}\n"
        yield f"{rule.title}. *{rule.severity}*\n"
        yield f"{rule.why}\n"
        yield from _example(rule)


def _example(rule: Rule) -> Iterator[str]:
    text = json.dumps(rule.example, ensure_ascii=False)
    if len(text) <= LONGEST:
        yield f"```json\n{text}\n```\n"
    for uri, content in rule.example_files.items():
        yield f"with `{uri}`:\n\n```python\n{content.rstrip()}\n```\n"
    document = read_document(rule.example, name=rule.example_name)
    found = next(diagnostic for diagnostic in check(document, rule.files) if diagnostic.code == rule.code)
    message = " ".join(part for part in (found.message, found.hint) if part)
    yield "\n".join(f"> {line}" for line in message.splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
