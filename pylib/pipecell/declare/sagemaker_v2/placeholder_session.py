"""A session to compile with where a pipeline's objects bring none: no clients, no credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from pipecell.declare.sagemaker_v2.context import fallback_region
from pipecell.declare.sagemaker_v2.failure import not_asked

_SESSIONS: dict[str, Any] = {}


def compile_session(region: str | None = None) -> Any:
    """Return a ``PipelineSession`` for a region that never reaches AWS; made once."""
    region = region or fallback_region()
    if region not in _SESSIONS:
        _SESSIONS[region] = _make(region)
    return _SESSIONS[region]


def _make(region: str) -> Any:
    from sagemaker.config import load_sagemaker_config
    from sagemaker.config.config_schema import (
        SESSION_DEFAULT_S3_BUCKET_PATH,
        SESSION_DEFAULT_S3_OBJECT_KEY_PREFIX_PATH,
    )
    from sagemaker.utils import resolve_value_from_config
    from sagemaker.workflow.pipeline_context import PipelineSession

    class PlaceholderSession(PipelineSession):  # type: ignore[misc]
        """A PipelineSession whose clients refuse to work."""

        def _initialize(self, **kwargs: Any) -> None:
            del kwargs
            self.boto_session = _NoBoto(region)
            self._region_name = region
            self.sagemaker_client = self.sagemaker_runtime_client = _NoClient("sagemaker")
            self.s3_client = self.s3_resource = _NoClient("s3")
            self.local_mode = False
            self.sagemaker_config = load_sagemaker_config()
            self._default_bucket_name_override = resolve_value_from_config(
                config_path=SESSION_DEFAULT_S3_BUCKET_PATH, sagemaker_session=self
            )
            self.default_bucket_prefix = resolve_value_from_config(
                config_path=SESSION_DEFAULT_S3_OBJECT_KEY_PREFIX_PATH, sagemaker_session=self
            )

    return PlaceholderSession()


class _NoBoto:
    """A boto3 session that hands out clients which refuse to work."""

    def __init__(self, region: str) -> None:
        self.region_name = region

    def client(self, service: str, **kwargs: Any) -> _NoClient:
        del kwargs
        return _NoClient(service)

    resource = client


class _NoClient:
    """Refuses every operation, by its name."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., NoReturn]:
        if operation.startswith("__"):
            raise AttributeError(operation)

        def refuse(*args: Any, **kwargs: Any) -> NoReturn:
            del args, kwargs
            raise not_asked(self._service, operation)

        return refuse
