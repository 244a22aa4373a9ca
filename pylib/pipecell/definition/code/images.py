"""What AWS's own images can import: the modules that their published requirements bring.

The lists are generous: a module that some version of an image has counts as known. Sources: the
requirements files of aws/sagemaker-scikit-learn-container, aws/sagemaker-xgboost-container and
aws/deep-learning-containers, November 2026, and what those packages themselves need.
"""

from __future__ import annotations

import re
import sys

_BASE = """
    numpy pandas scipy sklearn joblib threadpoolctl boto3 botocore s3transfer jmespath urllib3 requests
    certifi idna chardet charset_normalizer dateutil pytz tzdata six psutil flask werkzeug jinja2
    markupsafe itsdangerous click gunicorn gevent greenlet zope cryptography cffi pycparser bcrypt
    paramiko nacl google retrying inotify_simple sagemaker_containers sagemaker_training
    sagemaker_inference model_archiver multi_model_server PIL yaml pip setuptools pkg_resources wheel
    _distutils_hack enum_compat future past typing_extensions attr attrs packaging smdebug mlio
"""
_FRAMEWORKS: tuple[tuple[str, str], ...] = (
    (r"sagemaker-scikit-learn", "matplotlib pyarrow tabulate onnx skl2onnx xgboost"),
    (
        r"(sagemaker-)?xgboost",
        "xgboost matplotlib dask distributed dask_cuda cupy cudf rmm pynvml pyarrow tornado toolz "
        "cloudpickle fsspec msgpack graphviz sagemaker_xgboost_container sagemaker_algorithm_toolkit",
    ),
)
"""Deep learning images hold hundreds of packages that change with each version: nothing is said of them."""


def known_modules(image: str) -> frozenset[str] | None:
    """Return the top-level modules that a container image has; None for an image that we do not know.

    Args:
        image: its URI; only AWS's own repositories are known.
    """
    registry, _, name = image.partition("@")[0].rpartition("/")
    repository = name.partition(":")[0]
    if ".ecr." not in registry:
        return None
    for pattern, more in _FRAMEWORKS:
        if re.fullmatch(pattern, repository):
            return frozenset([*_BASE.split(), *more.split(), *sys.stdlib_module_names])
    return None
