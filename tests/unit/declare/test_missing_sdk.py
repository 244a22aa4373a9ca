"""A body whose SDK is not installed says how to install it; other missing modules are the body's own."""

from __future__ import annotations

import pytest

from pipecell.declare.notebook import Notebook
from pipecell.errors import MissingDependencyError


@pytest.mark.parametrize("sdk", ["sagemaker", "stepfunctions"])
def test_a_missing_sdk_is_explained(sdk: str) -> None:
    # As Python's own import raises it: the SDKs are installed where the tests run.
    body = f"raise ModuleNotFoundError(\"No module named '{sdk}'\", name='{sdk}')"
    notebook = Notebook()
    with pytest.raises(MissingDependencyError) as caught:
        notebook.declare("P", body, {})
    assert caught.value.hint == 'Install it with: pip install "pipecell[v2]"'
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert not notebook.declarations


def test_another_missing_module_is_python_s_own_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        Notebook().declare("P", "import no_such_module", {})
