"""A run on the stage: its states as deltas, its log, its details, and what can be done with it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.errors import PipecellError
from pipecell.kernel.crew import Crew
from pipecell.live.inside import Whole, shape, whole
from pipecell.live.stage import Stage
from pipecell.targets import PLACES
from pipecell.view.metrics import clean, plain
from pipecell.view.model import RunFacts, Scene, changed_nodes, document, step_states

if TYPE_CHECKING:
    from pipecell.engines.engine import ExecutionSnapshot
    from pipecell.execution import Execution
    from pipecell.graph import Graph, NodeState
    from pipecell.view.header import Header


_ARN = re.compile(r"arn:aws:(?P<service>sagemaker|states):(?P<region>[a-z0-9-]+):\d{12}:")


class RunStage(Stage):
    """One execution in one widget.

    Args:
        execution: what is shown.
        turned: told, before, that the widget shows another execution from now on.
    """

    def __init__(self, execution: Execution, turned: Callable[[RunStage, Execution], None]) -> None:
        super().__init__()
        self.execution = execution
        self._turned = turned
        self.epoch = execution.last_seen.started or time.time()
        self._told_run: dict[str, Any] = {}
        self._told_steps: dict[int, list[Any]] = {}
        self._told_scene: Scene | None = None
        self._whole: tuple[tuple[Any, ...], Whole] | None = None
        self._expected: float | None = None
        self._values: dict[str, str] = {}
        self._log = 0  # number of the log that is followed: a later one ends the earlier
        self._attend()

    def _attend(self) -> None:
        self.execution.listen(lambda: self.teller.do(self.tell_change))
        self.workers.do(self._find_expected)

    def turn_to(self, execution: Execution) -> None:
        """Show another execution from now on: the one that goes on where this one ended."""
        self.execution = execution
        self.epoch = execution.last_seen.started or time.time()
        self._told_run, self._told_steps, self._told_scene = {}, {}, None
        self._whole, self._expected, self._values = None, None, {}
        self._attend()
        self.tell({"type": "document", "document": self.document()})

    @property
    def graph(self) -> Graph:
        """The DAG that runs, with what its steps started."""
        return self.whole.graph

    @property
    def whole(self) -> Whole:
        """The run with what its steps started so far."""
        seen = self.execution.last_seen
        now = shape(seen)
        if self._whole is None or self._whole[0] != now:
            self._whole = now, whole(self.execution.graph, seen)
        return self._whole[1]

    @property
    def running(self) -> bool:
        """A run always has states."""
        return True

    def document(self) -> dict[str, Any]:
        """Return the run as it is now."""
        execution, scene = self.execution, self.scene
        return document(
            self.graph,
            scene,
            run=self._facts(),
            states=self.states(scene),
            epoch=self.epoch,
            target=execution.target,
            place=PLACES.get(execution.target, execution.target),
            profile=execution.profile,
            execution=execution.execution_arn,
            console=console_url(execution.execution_arn) if execution.target == "aws" else "",
        )

    def stored(self) -> tuple[Graph, Mapping[str, NodeState] | None, Header | None, str]:
        """Return the run as it is now, and the line that shows it live again."""
        execution, there = self.execution, self.whole
        seen = execution.last_seen
        picture = execution.picture(seen)
        states = there.states(picture.states, seen)
        again = f"%pipeline watch {execution.execution_arn}{' --on aws' if execution.target == 'aws' else ''}"
        return there.graph, states, picture.header, again

    def states(self, scene: Scene) -> list[list[Any]]:
        """Return the states of a scene's nodes."""
        seen, there = self.execution.last_seen, self.whole
        states = there.states(self.execution.picture(seen).states, seen)
        values = {**self._values, **there.values(seen)}
        return step_states(scene, states, self.epoch, values, there.best(seen))

    def detail(self, node: str) -> dict[str, Any] | None:
        """Return what the drawer shows of a node."""
        from pipecell.live.details import run_detail, trial_detail

        scene, part = self.scene, self.whole.part(node, self.execution.last_seen)
        members = scene.members.get(node)
        if members is None:
            return None
        if part is None:
            alone = node in scene.folded.speaking
            found = run_detail(self.execution, node, (node,) if alone else members)
            trouble = self.whole.trouble(node, self.execution.last_seen)
            if trouble:
                found["facts"].append({"label": "Inside", "value": clean(trouble)})
            return found
        if part.inside.kind == "trials":
            again = {"way": "none", "words": "A trial runs only as part of its tuning job."}
            return {**trial_detail(self.execution, part.inside, part.node), "node": node, "again": again}
        own = [self.whole.parts[each].node for each in members if each in self.whole.parts]
        found = run_detail(self.execution.started_inside(part.inside.arn), part.node, own)
        words = f"It is part of {part.inside.arn}, which {part.inside.path[-1]} started."
        return {**found, "node": node, "again": {"way": "none", "words": words}}

    def tell_change(self) -> None:
        """Tell what differs from what was told last; in the teller's thread."""
        scene = self.scene
        run = self._facts().to_json(self.epoch)
        steps = {row[0]: row for row in self.states(scene)}
        before, self._told_scene = self._told_scene, scene
        event: dict[str, Any] = {"type": "delta"}
        if before is not None and before is not scene:
            fresh = changed_nodes(before, scene)
            if fresh is None:
                self._tell_scene()
            elif fresh:
                event["nodes"] = fresh
        changed = {key: value for key, value in run.items() if self._told_run.get(key) != value}
        rows = [row for index, row in steps.items() if self._told_steps.get(index) != row]
        # A step that a retry begins anew has no state for a while.
        rows += [[index, "", None, None] for index in self._told_steps if index not in steps]
        self._told_run, self._told_steps = run, steps
        if changed:
            event["run"] = changed
        if rows:
            event["steps"] = rows
        if len(event) > 1:
            self.tell(event)
        if self.widget.status != run["status"]:
            self.widget.status = run["status"]
        if rows:
            self.workers.do(self._compare)
        self._refresh_detail(scene, {row[0] for row in rows}, always="running" in changed)

    def _tell_scene(self) -> None:
        scene = self._told_scene = self.scene
        self._told_steps = {row[0]: row for row in self.states(scene)}
        super()._tell_scene()

    def _requests(self) -> dict[str, tuple[Crew, Callable[[Mapping[str, Any]], None]]]:
        return {
            **super()._requests(),
            "log": (self.teller, lambda request: self._follow_log(str(request.get("node")))),
            "object": (self.workers, lambda request: self._show_object(str(request.get("uri")))),
            "act": (
                self.workers,
                lambda request: self._act(str(request.get("action")), str(request.get("node") or "")),
            ),
        }

    def _facts(self) -> RunFacts:
        seen = self.execution.last_seen
        return RunFacts(
            status=seen.status,
            running=seen.running,
            reason="" if seen.succeeded else failure_of(seen),
            started=seen.started,
            ended=seen.ended,
            expected=self._expected,
            cost=self.execution.cost_so_far(),
            count=self.execution.picture(seen).count,
            trouble=self.execution.trouble,
        )

    def _find_expected(self) -> None:
        """Learn how long earlier runs took; no answer, no estimate."""
        try:
            self._expected = self.execution.expected_seconds()
        except PipecellError:
            return
        self.teller.do(self.tell_change)

    def settle(self) -> None:
        """Find what is still to be found of a run that ended, before it is stored."""
        self._compare()

    def _compare(self) -> None:
        """Find what the conditions that ended compared."""
        from pipecell.live.comparisons import compared

        before = dict(self._values)
        for node_id, state in self.execution.states().items():
            if node_id not in self._values and state.ended is not None and state.metadata.get("Condition"):
                text = compared(self.execution, node_id)
                if text:
                    self._values[node_id] = text
        if self._values != before:
            self.teller.do(self.tell_change)

    def _refresh_detail(self, scene: Scene, changed: set[int], *, always: bool) -> None:
        """Tell the open drawer of its step's change; the renderer asks again while the step runs."""
        node = self.open_node
        if node and (always or scene.index.get(node) in changed):
            self.workers.do(lambda: self.tell_detail(node))

    def _follow_log(self, node: str) -> None:
        self._log += 1
        number = self._log
        threading.Thread(
            target=self._read_log, args=(node, number), name="pipecell-widget-log", daemon=True
        ).start()

    def _read_log(self, node: str, number: int) -> None:
        """Send a step's log as it grows, until it ends, another is wanted, or the drawer closes."""
        execution, name = self._logging(node)

        def stopped() -> bool:
            return self._log != number or self.open_node != node

        first, over = True, False
        try:
            for lines in execution.tail(name):
                if stopped():
                    return
                if lines or first:
                    self._tell_log(node, [plain(line.message) for line in lines], first=first)
                    first = False
            over = True
        except PipecellError as error:
            self._tell_log(node, [str(error)], first=first, over=True)
        if over and not stopped():
            self._tell_log(node, [], first=first, over=True)

    def _logging(self, node: str) -> tuple[Execution, str]:
        """Return the execution that a node belongs to, and the step whose log it has."""
        part = self.whole.parts.get(node)
        if part is not None and part.inside.kind == "trials":
            holder, execution = part.inside.path[:-1], self.execution
            around = next((one for one in self.execution.last_seen.inside if one.path == holder), None)
            if around is not None:
                execution = execution.started_inside(around.arn)
            return execution, f"{part.inside.path[-1]}/{part.node}"
        name = next((item.name for item in self.graph.nodes if item.id == node), node)
        return (self.execution if part is None else self.execution.started_inside(part.inside.arn)), name

    def _tell_log(self, node: str, lines: list[str], *, first: bool, over: bool = False) -> None:
        self.tell({"type": "log", "node": node, "lines": lines, "first": first, "over": over})

    def _show_object(self, uri: str) -> None:
        from pipecell.live.data import preview

        self.tell({"type": "object", "uri": uri, "preview": preview(self.execution.engine.connection, uri)})

    def _act(self, action: str, node: str) -> None:
        if action == "stop":
            self.execution.stop()
            self._say("Stopping.")
        elif action == "retry" and node:
            self._resume(node)
        elif action == "retry":
            self.execution.retry()
            self._say("It goes on from where it failed.")
        self.teller.do(self.tell_change)

    def _resume(self, node: str) -> None:
        """Go on from a step; a new execution takes this one's place in the view."""
        before = self.execution
        name = next((item.name for item in before.graph.nodes if item.id == node), node)
        execution = before.resume(name)
        if execution is before:
            self._say(f"It goes on from {name}.")
            return
        self._turned(self, execution)
        self.teller.do(lambda: self.turn_to(execution))
        earlier = before.execution_arn.rpartition("/")[2]
        self._say(f"A new execution runs from {name} on; the one before is {earlier}.")

    def _say(self, text: str) -> None:
        self.tell({"type": "said", "text": text, "bad": False})


def failure_of(seen: ExecutionSnapshot) -> str:
    """Return why a run failed: the step that failed first, and the last line of its reason."""
    failed = next((step for step in seen.steps if step.status == "Failed" and step.failure_reason), None)
    if failed is None:
        return seen.failure_reason
    lines = [line.strip() for line in failed.failure_reason.splitlines() if line.strip()]
    return f"{failed.name}: {lines[-1] if lines else failed.failure_reason}"


def console_url(arn: str) -> str:
    """Return where AWS's console shows an execution; empty where it does not.

    SageMaker shows pipelines in Studio alone, whose address is a domain's; its part of the console
    leads there.
    """
    match = _ARN.match(arn)
    if match is None:
        return ""
    region = match["region"]
    home = f"https://{region}.console.aws.amazon.com/{match['service']}/home?region={region}"
    return (
        f"{home}#/v2/executions/details/{arn}" if match["service"] == "states" else f"{home}#/studio-landing"
    )
