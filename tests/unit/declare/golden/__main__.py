"""Write the golden definition of the chapter anew: ``python -m tests.unit.declare.golden``."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pipecell.declare.notebook import Notebook
from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from tests.unit.declare.chapter import CELLS


def main() -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
        del os.environ[name]
    target = Path(__file__).with_name("chapter.json")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("code").mkdir()
        for name in ("preprocessing", "evaluation"):
            Path("code", f"{name}.py").write_text(f"print('{name}')\n")
        notebook, namespace = Notebook(), {"__name__": "__main__"}
        for number, source in enumerate(CELLS, 1):
            declaration = notebook.declare(
                "CensusPipeline", source, namespace, cell_id=f"cell{number}", cell=number
            )
        body = compile_pipeline(declaration).document.body
    target.write_text(json.dumps(body, indent=1) + "\n")


if __name__ == "__main__":
    main()
