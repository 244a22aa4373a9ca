"""Verbs that look at a pipeline and change nothing: preview, check, profile, export."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from pipecell.commands.context import Context
from pipecell.commands.verb import Result
from pipecell.errors import CheckFailedError, DeclarationError, DefinitionError, UsageError
from pipecell.reports import PREVIEW_FORMATS, Diagnostics

_SUFFIXES = {
    **{".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".md": "mermaid"},
    **{".json": "json", ".sarif": "sarif"},
}


_EXPORTS = {".py": "python", ".yml": "github-actions", ".yaml": "github-actions"}
_TEXTS = ("python", "github-actions")


def preview(context: Context, values: argparse.Namespace) -> Result:
    """Show the DAG, or write it in a format."""
    pipeline = context.pipeline(values)
    seen = pipeline.preview()
    suffix = Path(values.output).suffix if values.output else ""
    chosen = values.format or _SUFFIXES.get(suffix)
    if values.output:
        written = seen.render(chosen or "text")
        return Result(data=seen.to_json(), text=_write(Path(values.output), written))
    if chosen is None:
        bundle = context.workspace.screen.preview(pipeline, seen.bundle()) if _notebook(context) else None
        return Result(data=seen.to_json(), text=seen.to_text(), bundle=bundle)
    text = seen.render(chosen)
    return Result(data=seen.to_json(), text=text.rstrip("\n"), bundle=_bundle(context, chosen, text))


def check(context: Context, values: argparse.Namespace) -> Result:
    """List every problem; errors are the pipeline's fault."""
    try:
        pipeline = context.pipeline(values)
        name, found = pipeline.name, pipeline.check()
    except (DefinitionError, DeclarationError) as failure:
        from pipecell.definition.checks import Diagnostic

        if getattr(failure, "trace", ""):
            raise  # a cell of a notebook: its own traceback says more
        name, found = "The definition", Diagnostics([Diagnostic.of(failure)])
    count = len(found.errors)
    error = CheckFailedError(f"{name} has {count} error{'s' * (count > 1)}.") if count else None
    if (values.format or _SUFFIXES.get(Path(values.output or "").suffix)) == "sarif":
        return _sarif(values, found, error)
    if values.output:
        text = json.dumps(found.to_json(), indent=2) if values.format == "json" else str(found)
        return Result(data=found.to_json(), text=_write(Path(values.output), text), exit_code=int(count > 0))
    if values.format == "json":
        text = json.dumps(found.to_json(), indent=2, ensure_ascii=False)
        return Result(data=found.to_json(), text=text, exit_code=int(count > 0), error=error)
    return Result(
        data=found.to_json(),
        text=str(found),
        bundle=found.bundle(),
        exit_code=int(count > 0),
        error=error,
        aside=len(found) > 0,
    )


def _sarif(values: argparse.Namespace, found: Diagnostics, error: Exception | None) -> Result:
    """Write what was found for code review; where the file's lines are known, with them."""
    from importlib.metadata import version

    from pipecell.view.sarif import to_sarif

    file = Path(getattr(values, "file", None) or "notebook.ipynb")
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else "{}"
    log = to_sarif(found, file=file, text=text, version=version("pipecell"))
    written = json.dumps(log, indent=2, ensure_ascii=False)
    if values.output:
        written = _write(Path(values.output), written)
    return Result(data=log, text=written, exit_code=int(error is not None), error=error)


def plan(context: Context, values: argparse.Namespace) -> Result:
    """Say what a run would change, reuse and cost."""
    made = context.pipeline(values).plan(
        profile=values.profile,
        on=values.on or "local",
        engine=values.engine,
        parameters=context.assignments(values.set),
        role=values.role,
        refresh_prices=values.refresh_prices,
    )
    return Result(
        data=made.to_json(),
        text=made.to_text(width=context.width, color=context.color),
        bundle=made.bundle() if _notebook(context) else None,
    )


def profile(context: Context, values: argparse.Namespace) -> Result:
    """Show the profiles of a pipeline, or put one in force."""
    pipeline = context.pipeline(values)
    name, words = values.profile or "", list(values.settings)
    if "=" in name:
        name, words = "", [name, *words]  # values for the profile in force
    settings = context.assignments(words)
    if not name and not settings and values.like is None:
        table = pipeline.profiles()
        return Result(data=table.to_json(), text=str(table), bundle=context.panel(pipeline))
    table = pipeline.use_profile(name, like=values.like, **settings)
    return Result(data=table.to_json(), text=str(table))


def export(context: Context, values: argparse.Namespace) -> Result:
    """Write the pipeline as something that runs without pipecell."""
    pipeline = context.pipeline(values).translated(values.engine)
    chosen = "policy" if values.policy else values.format or _EXPORTS.get(_suffix(values.output), "json")
    file = getattr(values, "file", "") or Path(os.environ.get("JPY_SESSION_NAME", "")).name
    text = pipeline.export(chosen, on=values.on or "local", file=file)
    data = {"format": chosen, "text": text} if chosen in _TEXTS else json.loads(text)
    if values.output:
        return Result(data=data, text=_write(Path(values.output), text))
    return Result(data=data, text=text.rstrip("\n"))


def _suffix(output: str | None) -> str:
    return Path(output).suffix if output else ""


def _write(path: Path, text: str) -> str:
    try:
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.", code="PC921") from error
    return f"Written to {path}."


def _notebook(context: Context) -> bool:
    return context.face == "notebook"


def _bundle(context: Context, chosen: str, text: str) -> dict[str, str] | None:
    """Return what shows a chosen format in a notebook; None where its text does."""
    if _notebook(context) and chosen == "svg":
        return {"image/svg+xml": text, "text/plain": "<SVG>"}
    return None


CHECK_FORMATS = ("text", "json", "sarif")
"""What ``check`` writes."""

__all__ = ["CHECK_FORMATS", "PREVIEW_FORMATS", "check", "export", "plan", "preview", "profile"]
