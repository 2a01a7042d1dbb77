"""The file of a workflow to its outputs.

What runs a workflow stands above nodes: the compiler puts a layer in this node's place. So here is its interface alone.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pflow_engine.errors import Problem, Unhealable
from pflow_engine.nodes.node import Interface, Node, Param


class NestedWorkflow(Node):
    """Runs another workflow."""

    interface: ClassVar[Interface] = Interface(
        params={
            "workflow_ref": Param("string", required=True, description="Its file, relative to this one's."),
            "param_mapping": Param("object", description="Its inputs: {input: value}."),
            "output_mapping": Param("object", description="Other names for its outputs: {output: name}."),
        },
        actions=("default", "error"),
        open_outputs=True,
        nests=True,
    )

    def prep(self, _shared: Any) -> Any:
        """Refuse to run without a compiler."""
        message = "a workflow is run by a compiled flow alone"
        raise Unhealable(Problem("workflow-ref", message, hint="compile it with compile_ir_to_flow"))
