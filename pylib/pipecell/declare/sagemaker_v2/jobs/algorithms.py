"""Names and ranges of built-in algorithms' hyperparameters, as far as a library tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.values import is_plain
from pipecell.definition import xgboost
from pipecell.definition.summaries import image_name
from pipecell.errors import did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.jobs.hyperparameters import Range
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_CLASSES: Mapping[str, tuple[str, str]] = {
    "factorization-machines": ("factorization_machines", "FactorizationMachines"),
    "ipinsights": ("ipinsights", "IPInsights"),
    "kmeans": ("kmeans", "KMeans"),
    "knn": ("knn", "KNN"),
    "lda": ("lda", "LDA"),
    "linear-learner": ("linear_learner", "LinearLearner"),
    "ntm": ("ntm", "NTM"),
    "object2vec": ("object2vec", "Object2Vec"),
    "pca": ("pca", "PCA"),
    "randomcutforest": ("randomcutforest", "RandomCutForest"),
}
"""The SDK's classes for Amazon's own algorithms, by image name: each describes its hyperparameters."""


def algorithm_of(image: Any) -> str:
    """Return the algorithm in an image, empty where it is none that we know."""
    name = image_name(image).split(" ")[0] if isinstance(image, str) else ""
    return name if name in _CLASSES or name == "xgboost" else ""


def check_hyperparameters(making: Making, image: Any, given: Mapping[str, Any]) -> None:
    """Refuse a hyperparameter that the algorithm does not know, or a value out of its range.

    Raises:
        DeclarationError: ``PC645``, in the algorithm's own words where it has some.
    """
    algorithm = algorithm_of(image)
    plain = {name: str(value) for name, value in given.items() if is_plain(value)}
    if algorithm == "xgboost":
        _check_names(making, algorithm, given, [*xgboost.HYPERPARAMETERS, *xgboost.ALIASES])
        later = {name: _sample(name) for name in given if name not in plain}
        try:
            xgboost.validate({**plain, **later})
        except xgboost.UserError as error:
            hint = "Add a line `num_round: 100`." if "Missing required" in str(error) else ""
            making.refuse_setting(f"{str(error).rstrip('.')}.", hint)
    elif algorithm:
        described = _described(algorithm)
        _check_names(making, algorithm, given, described)
        for name, text in plain.items():
            _check_described(making, described[name], text)


def check_ranges(making: Making, image: Any, ranges: Mapping[str, Range]) -> None:
    """Refuse a range whose hyperparameter the algorithm does not know, or whose bounds it does not take.

    Raises:
        DeclarationError: ``PC645``.
    """
    algorithm = algorithm_of(image)
    if algorithm == "xgboost":
        known: Any = xgboost.HYPERPARAMETERS
        _check_names(making, algorithm, ranges, [*known, *xgboost.ALIASES])
        for name, tried in ranges.items():
            parameter = known[xgboost.ALIASES.get(name, name)]
            for value in filter(is_plain, tried.choices or (tried.low, tried.high)):
                if not _takes(parameter, value):
                    making.refuse_setting(f"{name}: {value} is not in {parameter.accepted}.", name=name)
    elif algorithm:
        described = _described(algorithm)
        _check_names(making, algorithm, ranges, described)
        for name, tried in ranges.items():
            for value in filter(is_plain, tried.choices or (tried.low, tried.high)):
                _check_described(making, described[name], str(value))


def _takes(parameter: xgboost.Hyperparameter, value: Any) -> bool:
    try:
        parsed = parameter.parse(str(value))
    except ValueError:
        return False
    if parameter.each:
        return all(element in parameter.accepted for element in parsed)
    return parsed in parameter.accepted


def _check_names(making: Making, algorithm: str, given: Any, known: Any) -> None:
    for name in given:
        if name not in known:
            making.refuse_setting(
                f"{algorithm} has no hyperparameter {name}.", did_you_mean(name, known), name=name
            )


def _sample(name: str) -> str:
    """Return a value that a hyperparameter takes, for one that is known only at run time."""
    parameter = xgboost.HYPERPARAMETERS[xgboost.ALIASES.get(name, name)]
    accepted = parameter.accepted
    if isinstance(accepted, xgboost.Categories):
        return str(accepted[0])
    low = accepted.low if accepted.low is not None else 0
    high = accepted.high if accepted.high is not None else low + 2
    middle = (low + high) / 2
    return str(int(middle) or 1 if parameter.parse is int else middle)


@lru_cache(maxsize=16)
def _described(algorithm: str) -> dict[str, Any]:
    """Return the SDK's descriptions of an algorithm's hyperparameters, by the name on the wire."""
    from importlib import import_module

    module, name = _CLASSES[algorithm]
    owner = getattr(import_module(f"sagemaker.amazon.{module}"), name)
    found: dict[str, Any] = {}
    for cls in owner.__mro__:
        for attribute in vars(cls).values():
            if type(attribute).__name__ == "Hyperparameter":
                found.setdefault(attribute.name, attribute)
    return found


def _check_described(making: Making, description: Any, text: str) -> None:
    try:
        value = description.data_type(text) if description.data_type is not str else text
    except ValueError:
        making.refuse_setting(
            f"{description.name}: {text} is not {_type(description)}.", name=description.name
        )
    try:
        description.validate(value)
    except ValueError as error:
        words = re.sub(r"^Invalid hyperparameter value \S+ for \S+\. ?", "", str(error))
        making.refuse_setting(
            f"{description.name}: {text} is not taken. {words}".strip(), name=description.name
        )


def _type(description: Any) -> str:
    return {"int": "a whole number", "float": "a number"}.get(description.data_type.__name__, "of its type")
