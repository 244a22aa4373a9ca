"""Write ``definition/data``: what AWS's own service model says about instance types, properties and limits.

Run it when botocore has moved on: ``python scripts/make_instances.py``. Prices are ``make_prices.py``'s.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import moto.ec2

DATA = Path(__file__).parent.parent / "pylib" / "pipecell" / "definition" / "data"

KINDS = {
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


# Older than moto's list: vCPUs, GiB of memory, accelerators and their name.
OLDER = {
    "ml.p2.xlarge": [4, 61, 1, "K80"],
    "ml.p2.8xlarge": [32, 488, 8, "K80"],
    "ml.p2.16xlarge": [64, 732, 16, "K80"],
    "ml.p3.2xlarge": [8, 61, 1, "V100"],
    "ml.p3.8xlarge": [32, 244, 4, "V100"],
    "ml.p3.16xlarge": [64, 488, 8, "V100"],
}


def main() -> None:
    """Write the file."""
    model = botocore.session.Session().get_service_model("sagemaker")
    known = {shape: enumeration(model.shape_for(shape)) for shape in KINDS.values()}
    write(
        "instances.json",
        {
            "source": f"botocore {botocore.__version__}, sagemaker",
            "kinds": {kind: sorted(known[shape], key=by_size) for kind, shape in KINDS.items()},
            "machines": machines({name for names in known.values() for name in names}),
        },
    )


def machines(names: set[str]) -> dict[str, list[Any]]:
    """Return vCPUs, GiB of memory, accelerators and their name of instance types, from EC2's own description.

    SageMaker's types are EC2's after ``ml.``; moto ships what EC2's DescribeInstanceTypes answers.
    """
    packed = Path(moto.ec2.__file__).parent / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(packed.read_bytes()))
    found = {
        name: machine(described[name.removeprefix("ml.")])
        for name in names
        if name.removeprefix("ml.") in described
    }
    return dict(sorted({**OLDER, **found}.items(), key=lambda entry: by_size(entry[0])))


def machine(described: dict[str, Any]) -> list[Any]:
    """Return one machine of DescribeInstanceTypes."""
    kinds = {"GpuInfo": "Gpus", "NeuronInfo": "NeuronDevices", "InferenceAcceleratorInfo": "Accelerators"}
    devices = [device for info, key in kinds.items() for device in (described.get(info) or {}).get(key, [])][
        :1
    ]
    accelerator = [devices[0]["Count"], devices[0]["Name"]] if devices else [0, ""]
    memory = described["MemoryInfo"]["SizeInMiB"] / 1024
    return [
        described["VCpuInfo"]["DefaultVCpus"],
        int(memory) if memory.is_integer() else memory,
        *accelerator,
    ]


def enumeration(shape: Any) -> list[str]:
    """Return the values of a string shape."""
    return list(shape.enum)


def by_size(name: str) -> tuple[str, int, str]:
    """Sort a family's sizes as people do: large before xlarge before 2xlarge."""
    _, family, size = name.split(".", 2)
    digits = size.removesuffix("xlarge")
    order = {"medium": -2, "large": -1, "xlarge": 1}.get(size, int(digits) if digits.isdecimal() else 999)
    return family, order, name


def write(name: str, content: dict[str, Any]) -> None:
    """Write one file, the innermost lists on one line."""
    DATA.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    (DATA / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
