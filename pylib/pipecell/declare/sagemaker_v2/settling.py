"""Bring together what all cells of a pipeline and its compilation left to do, under final names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipecell.declare.sagemaker_v2.naming import final_names
from pipecell.declare.sagemaker_v2.uploads import Recorder

if TYPE_CHECKING:
    from pipecell.declare.compiled import LambdaFunction, Upload
    from pipecell.declare.declaration import Declaration
    from pipecell.declare.sagemaker_v2.context import Offline


@dataclass(frozen=True)
class Settled:
    """The outcome of a compilation, with no made-up name left in it.

    Attributes:
        texts: the texts that were given.
        uploads: all files, the cells' own first.
        functions: Lambda functions to deploy.
        overwritten: keys to which different files are uploaded.
    """

    texts: tuple[str, ...]
    uploads: tuple[Upload, ...]
    functions: tuple[LambdaFunction, ...]
    overwritten: tuple[str, ...]


def settle(declaration: Declaration, offline: Offline, *texts: str) -> Settled:
    """Replace the tokens of made-up names in texts and uploads.

    Args:
        declaration: the pipeline, whose cells' bodies uploaded some of the files.
        offline: the compilation.
        texts: JSON texts that hold tokens.
    """
    stretches = [*(run.offline for run in declaration.runs), offline]
    uploads = Recorder()
    for stretch in stretches:
        uploads.overwritten += stretch.recorder.overwritten
        uploads.add_all(stretch.recorder.uploads)
    tokens = [token for stretch in stretches for token in stretch.tokens]
    renaming = final_names(declaration.deployed_name, tokens, uploads.uploads)
    return Settled(
        texts=tuple(map(renaming.text, texts)),
        uploads=tuple(map(renaming.upload, uploads.uploads)),
        functions=tuple(function for stretch in stretches for function in stretch.functions),
        overwritten=tuple(map(renaming.text, uploads.overwritten)),
    )
