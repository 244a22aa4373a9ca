"""The two faces of the verbs: ``%pipeline`` in a notebook and ``pipecell`` in a shell."""

from __future__ import annotations

from typing import Literal

Face = Literal["notebook", "shell"]
BOTH: frozenset[Face] = frozenset({"notebook", "shell"})
NOTEBOOK: frozenset[Face] = frozenset({"notebook"})
SHELL: frozenset[Face] = frozenset({"shell"})
