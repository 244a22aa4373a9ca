"""EMR: the cell as a PySpark script on a cluster, or a jar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.sagemaker_v2.jobs.making import made, write_script

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making


def make_emr(making: Making) -> Any:
    """Return an EMRStep."""
    from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig

    cell = making.cell
    arguments = [making.text(word) for word in cell.arguments]
    for name, value in cell.inputs.items():
        arguments += [f"--{name}", making.text(value)]
    jar = making.setting("jar")
    if (cell.script is None) == (jar is None):
        making.refuse("An EMR step runs either the cell's body or --jar.", "Give one of the two.", "PC649")
    if cell.script is not None:
        write_script(cell.script)
        jar, arguments = "command-runner.jar", ["spark-submit", making.upload(cell.script.path), *arguments]
    step = making.step(retry=False)
    if cell.retries:
        step["retry_policies"] = making.retries(job=False)
    return made(
        EMRStep,
        display_name=cell.name,
        description=cell.name,
        **_cluster(making),
        step_config=made(
            EMRStepConfig, jar=jar, args=arguments or None, main_class=making.setting("main_class")
        ),
        **step,
    )


def _cluster(making: Making) -> dict[str, Any]:
    """Return which cluster: one that is there, or what ``--set ClusterConfig`` says of one that is made."""
    config = making.field("ClusterConfig")
    if isinstance(config, dict) and making.setting("cluster") is None:
        return {"cluster_id": None, "cluster_config": config}
    return {"cluster_id": making.needed("cluster", "j-1ABCDEFGHIJKL")}
