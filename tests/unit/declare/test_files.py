"""Definition files that cannot be read are refused with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipecell.declare.files import read_file
from pipecell.errors import UsageError


def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "census.json").write_text("{}")
    with pytest.raises(UsageError, match=r'cannot be read: .* Did you mean ".*census\.json"\?'):
        read_file(tmp_path / "cenus.json")
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory\.$"):
        read_file(tmp_path)
