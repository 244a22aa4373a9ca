"""What stands in for which image: known names, the user's own answers, and the words of a refusal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipecell.errors import EndpointError, UsageError
from pipecell.local.home import Home
from pipecell.local.runtimes import Runtime, check_image, find, map_image, read_mappings, unmap
from pipecell.local.runtimes.images import family_of, parse

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def standing_in(uri: str, home: Home, **settings: str) -> Runtime:
    """Return what stands in for an image; something must."""
    runtime = find(uri, home, **settings)
    assert runtime is not None, uri
    return runtime


def refusal(uri: str, kind: str, home: Home, **settings: str) -> str:
    """Return why an image is refused; it must be."""
    reason = check_image(uri, kind, home, **settings)
    assert reason is not None, uri
    return reason


@pytest.mark.parametrize(
    ("uri", "repository", "tag", "version"),
    [
        (f"{REGISTRY}/sagemaker-xgboost:1.7-1", "sagemaker-xgboost", "1.7-1", (1, 7, 1)),
        (f"{REGISTRY}/sagemaker-xgboost:1.0-1-cpu-py3", "sagemaker-xgboost", "1.0-1-cpu-py3", (1, 0, 1)),
        (f"{REGISTRY}/deep/path/own:latest", "own", "latest", ()),
        (f"{REGISTRY}/own@sha256:abc", "own", "", ()),
        ("localhost:5000/own:2", "own", "2", (2,)),
        ("python", "python", "", ()),
    ],
)
def test_parse(uri: str, repository: str, tag: str, version: tuple[int, ...]) -> None:
    image = parse(uri)
    assert (image.repository, image.tag, image.version) == (repository, tag, version)


@pytest.mark.parametrize(
    ("uri", "family"),
    [
        (f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn"),
        (f"{REGISTRY}/sagemaker-xgboost:1.7-1", "XGBoost"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "XGBoost"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310", "PyTorch"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.13", "TensorFlow"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/mxnet-training:1.9", "MXNet"),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.1",
            "Hugging Face with PyTorch",
        ),
        ("236514542706.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-310:1.0", "Python"),
        ("885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:1-cpu", "Python"),
        ("public.ecr.aws/docker/library/python:3.11-slim", "Python"),
        ("173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.3-cpu", None),
        (f"{REGISTRY}/not-sagemaker-xgboost:1", None),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:3", None),
    ],
)
def test_families(uri: str, family: str | None) -> None:
    found = family_of(parse(uri))
    assert (found.name if found else None) == family


def test_the_sdks_own_images_are_known() -> None:
    """Whatever URI the SDK makes for these frameworks, in any region."""
    code = (
        "from sagemaker import image_uris\n"
        "for region in ('us-east-1', 'eu-central-1', 'cn-north-1'):\n"
        "    print(image_uris.retrieve('sklearn', region, '1.2-1'))\n"
        "    print(image_uris.retrieve('xgboost', region, '1.7-1'))\n"
        "    kind = {'image_scope': 'training', 'instance_type': 'ml.m5.large'}\n"
        "    print(image_uris.retrieve('pytorch', region, '2.1', **kind))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "No module named 'sagemaker'" in result.stderr:
        pytest.skip("the SageMaker SDK is not installed")
    uris = [line for line in result.stdout.splitlines() if ".dkr.ecr." in line]
    assert len(uris) == 9, result.stderr
    assert all(family_of(parse(uri)) for uri in uris)


def test_python_is_the_users(home: Home) -> None:
    runtime = standing_in(f"{REGISTRY}/sagemaker-scikit-learn:1.2-1", home)
    for word in ("python", "python3", "python3.9", "/usr/bin/python3", "/miniconda3/bin/python"):
        assert runtime.command([word, "x.py"], ["--a", "python"]) == (sys.executable, "x.py", "--a", "python")
    assert runtime.command(["/bin/bash", "x.sh"], []) == ("/bin/bash", "x.sh")
    assert runtime.command(["pythonic"], []) == ("pythonic",)
    runtime = standing_in(f"{REGISTRY}/sagemaker-scikit-learn:1", home, python="/env/bin/python")
    assert runtime.python == "/env/bin/python"


def test_an_unknown_image_is_refused_with_the_way_out(home: Home) -> None:
    uri = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:3"
    assert find(uri, home) is None
    reason = refusal(uri, "processing", home)
    assert uri in reason
    assert "%pipeline local map '*/fraud:*' COMMAND" in reason


def test_a_missing_package_is_refused_with_the_way_out(home: Home) -> None:
    uri = "763104351884.dkr.ecr.us-east-1.amazonaws.com/mxnet-training:1.9"
    reason = refusal(uri, "training", home)
    assert f"{sys.executable} -m pip install mxnet" in reason
    map_image(home, "*/mxnet-training:*", "python")
    assert check_image(uri, "training", home) is None


def test_what_is_installed_passes(home: Home) -> None:
    for image in ("sagemaker-scikit-learn:1.2-1", "sagemaker-xgboost:1.7-1"):
        assert check_image(f"{REGISTRY}/{image}", "training", home) is None


def test_packages_of_another_python_are_asked_there(home: Home, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    uri = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1"
    assert "scikit-learn" in refusal(uri, "training", home, python=str(python))
    python.write_text("#!/bin/sh\nexit 0\n")
    other = tmp_path / "python3.9"
    python.rename(other)
    assert check_image(uri, "training", home, python=str(other)) is None


def test_an_interpreter_that_is_not_there(home: Home) -> None:
    map_image(home, "own:*", "/nowhere/bin/python")
    assert "does not exist" in refusal(f"{REGISTRY}/own:1", "training", home)


def test_mapping(home: Home) -> None:
    uri = f"{REGISTRY}/own:1"
    map_image(home, "own:*", "conda run -n 'my env'")
    assert standing_in(uri, home).command(["python3", "x.py"], ["1"]) == (
        *("conda", "run", "-n", "my env", "python3", "x.py", "1"),
    )
    # The newest answer counts, and one for the same pattern replaces the old.
    map_image(home, "*/own:1", "true")
    assert standing_in(uri, home).command([], []) == ("true",)
    map_image(home, "own:*", "false")
    assert [each.pattern for each in read_mappings(home)] == ["own:*", "*/own:1"]
    unmap(home, "own:*")
    unmap(home, "*/own:1")
    assert find(uri, home) is None


def test_mapping_goes_before_what_is_known(home: Home) -> None:
    map_image(home, "sagemaker-xgboost:*", "/env/bin/python3.12")
    runtime = standing_in(f"{REGISTRY}/sagemaker-xgboost:1.7-1", home)
    assert runtime.python == "/env/bin/python3.12"
    assert runtime.is_xgboost


@pytest.mark.parametrize(("pattern", "command"), [("", "python"), ("x", ""), ("x", "   "), ("x", "'open")])
def test_mappings_that_make_no_sense(home: Home, pattern: str, command: str) -> None:
    with pytest.raises(UsageError):
        map_image(home, pattern, command)
    assert read_mappings(home) == ()


def test_unmapping_names_the_nearest(home: Home) -> None:
    map_image(home, "fraud:*", "python")
    with pytest.raises(UsageError, match='Did you mean "fraud'):
        unmap(home, "froud:*")


@pytest.mark.parametrize("content", ["not json", "[]", '{"mappings": [{"pattern": 1}]}'])
def test_a_broken_file_is_said_and_kept(home: Home, content: str) -> None:
    home.runtimes_file.write_text(content)
    with pytest.raises(EndpointError, match="PC830"):
        find(f"{REGISTRY}/own:1", home)
    assert home.runtimes_file.read_text() == content
