"""Graphs for the tests of views: one that reads well, and any that hypothesis can think of."""

from hypothesis import strategies as st

from pipecell.graph import Edge, Graph, Node, NodeState

NOW = 1_700_000_040.0
START = NOW - 40

TYPES = [
    "Processing",
    "Training",
    "Condition",
    "RegisterModel",
    "Fail",
    "Lambda",
    "Teleport",
    "Choice",
    "Map",
]
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'single' <b>",
    "]]>",
    "a\x00b\x1bc\x7f",
    "line\nbreak\ttab",
    "\u202egnirts desrever",
    "é中文😀",
    "lone \ud800 surrogate",
    "\\N \\G {x|y} `code` #35;",
    "x" * 500,
    " ",
    "",
    "-->",
    "graph",
    "a:b:c",
    "</svg><style>*{}</style>",
]


def hostile() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12) -> Graph:
    """Any graph: odd names, nesting, loops, edges of every kind."""
    count = draw(st.integers(1, max_nodes))
    nodes: list[Node] = []
    for number in range(count):
        parent = draw(st.one_of(st.none(), st.integers(0, number - 1))) if number else None
        nodes.append(
            Node(
                id=f"{number}{draw(hostile())}",
                name=draw(hostile()),
                type=draw(st.sampled_from(TYPES)),
                parent=nodes[parent].id if parent is not None else None,
                cell=draw(st.one_of(st.none(), st.integers(1, 99))),
                summary=draw(hostile()),
            )
        )
    ids = st.sampled_from([node.id for node in nodes])
    edges = draw(
        st.lists(
            st.builds(
                Edge,
                ids,
                ids,
                st.sampled_from(["data", "control", "branch"]),
                st.one_of(st.just("true"), hostile()),
            ),
            max_size=2 * count,
        )
    )
    return Graph(
        draw(hostile()), draw(st.sampled_from(["sagemaker", "stepfunctions"])), tuple(nodes), tuple(edges)
    )


def states(graph: Graph) -> st.SearchStrategy[dict[str, NodeState]]:
    statuses = ["", "Starting", "Executing", "Succeeded", "Failed", "Stopped", "NotTaken", "Unheard"]
    state = st.builds(
        NodeState,
        st.sampled_from(statuses),
        st.one_of(st.none(), st.floats(START, NOW)),
        st.one_of(st.none(), st.floats(START, NOW + 9e4)),
        st.booleans(),
        hostile(),
    )
    return st.dictionaries(st.sampled_from([node.id for node in graph.nodes]), state)
