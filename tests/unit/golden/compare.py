"""Golden files: what a picture, a graph or a text looked like when a person last approved it.

``PIPECELL_GOLDEN=update pytest …`` writes them anew; read the difference before committing it.
"""

import json
import os
from pathlib import Path

from pipecell.definition import Document, read_document

FOLDER = Path(__file__).parent


def definition(name: str) -> Document:
    """Return a definition kept beside the golden files."""
    path = FOLDER / name
    return read_document(path.read_bytes(), origin=path.name)


def assert_golden(name: str, text: str) -> None:
    """Compare a text with the golden file of that name."""
    path = FOLDER / name
    if os.environ.get("PIPECELL_GOLDEN") == "update":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs from what was approved"


def as_text(value: object) -> str:
    """Return JSON that reads well in a difference."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
