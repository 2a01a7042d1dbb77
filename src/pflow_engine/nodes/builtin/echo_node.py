"""Params to the same outputs."""

from __future__ import annotations

from typing import Any, ClassVar

from pflow_engine.nodes.node import Action, Interface, Node
from pflow_engine.store import Store


class Echo(Node):
    """Gives back what it is given."""

    interface: ClassVar[Interface] = Interface(open_params=True, echoes=True, actions=("default",))

    def post(self, shared: Store, _prep_result: Any, _exec_result: Any) -> Action:
        """Leave the params."""
        shared.update(self.params)
        return None
