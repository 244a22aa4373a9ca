"""What SageMaker's training toolkit gives a script: variables and a command line.

After sagemaker-training-toolkit (environment.py, mapping.py): values keep their JSON
types in variables, and ``--key value`` pairs come in the order of their keys.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

INPUT = "/opt/ml/input"
CODE = "/opt/ml/code"
MODEL = "/opt/ml/model"
OUTPUT = "/opt/ml/output"

_RESERVED = ("_tuning_objective_metric", "default_user_module_name")
_FRAMEWORK = frozenset(
    {
        *("sagemaker_program", "sagemaker_submit_directory", "sagemaker_enable_cloudwatch_metrics"),
        *("sagemaker_region", "sagemaker_container_log_level", "sagemaker_job_name", "sagemaker_s3_output"),
    }
)


def decode(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Return hyperparameters with their JSON types; what is no JSON stays a string."""
    return {name: _decoded(value) for name, value in hyperparameters.items()}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def is_reserved(name: str) -> bool:
    """Whether a hyperparameter is the toolkit's and not the user's."""
    return name.startswith("sagemaker_") or name in _RESERVED


def user_hyperparameters(decoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that the script gets."""
    return {name: value for name, value in decoded.items() if not is_reserved(name)}


def arguments(hyperparameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the script's command line: ``--name value``, ``-n value`` for one letter, sorted by name."""
    words: list[str] = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        words.append(f"--{name}" if len(name) > 1 else f"-{name}")
        if isinstance(value, dict):
            words.append(",".join(f"{key}={each}" for key, each in sorted(value.items())))
        else:
            words.append("" if value is None else str(value))
    return tuple(words)


def environment(
    *,
    hyperparameters: Mapping[str, Any],
    channels: Mapping[str, Any],
    resources: Mapping[str, Any],
    job_name: str,
) -> dict[str, str]:
    """Return the ``SM_…`` variables of one host.

    Args:
        hyperparameters: decoded, all of them.
        channels: content of inputdataconfig.json.
        resources: content of resourceconfig.json.
        job_name: the training job's name.
    """
    own = user_hyperparameters(hyperparameters)
    extra = {
        name: value
        for name, value in hyperparameters.items()
        if name.startswith("sagemaker_") and name not in _FRAMEWORK
    }
    program = hyperparameters.get("sagemaker_program")
    hosts: Sequence[str] = resources["hosts"]
    facts: dict[str, Any] = {
        "hosts": list(hosts),
        "current_host": resources["current_host"],
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": resources["current_group_name"],
        "current_instance_group_hosts": list(hosts),
        "instance_groups": [group["instance_group_name"] for group in resources["instance_groups"]],
        "is_hetero": len(resources["instance_groups"]) > 1,
        "network_interface_name": resources["network_interface_name"],
        "resource_config": dict(resources),
        "input_data_config": dict(channels),
        "hps": own,
        "framework_params": extra,
        "framework_module": None,
        "user_entry_point": program,
        "module_name": None if program is None else program.removesuffix(".py").replace("/", "."),
        "module_dir": hyperparameters.get("sagemaker_submit_directory", CODE),
        "log_level": hyperparameters.get("sagemaker_container_log_level", 20),
        "channels": sorted(channels),
        "input_dir": INPUT,
        "input_config_dir": f"{INPUT}/config",
        "output_dir": OUTPUT,
        "output_data_dir": f"{OUTPUT}/data",
        "output_intermediate_dir": f"{OUTPUT}/intermediate",
        "model_dir": MODEL,
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": count_gpus(),
        "num_neurons": 0,
        "user_args": list(arguments(own)),
    }
    training = {
        **{name: value for name, value in facts.items() if name not in {"hps", "user_args", "channels"}},
        "hyperparameters": own,
        "additional_framework_parameters": extra,
        "channel_input_dirs": {name: f"{INPUT}/data/{name}" for name in channels},
        "is_master": resources["current_host"] == sorted(hosts)[0],
        "master_hostname": sorted(hosts)[0],
        "job_name": job_name,
    }
    facts["training_env"] = training
    facts |= {f"channel_{name}": f"{INPUT}/data/{name}" for name in channels}
    facts |= {f"hp_{name}": value for name, value in own.items()}
    return {f"SM_{name.upper()}": _text(value) for name, value in facts.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def count_gpus() -> int:
    """Return how many NVIDIA devices this machine shows."""
    try:
        names = os.listdir("/dev")
    except FileNotFoundError:
        return 0
    return sum(name.startswith("nvidia") and name[len("nvidia") :].isdigit() for name in names)
