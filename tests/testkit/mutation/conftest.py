"""What tests of mutants share."""

import pytest

_WHERE = """\
import threading
from pflow_engine import Node
from pflow_engine.nodes import Interface

class Where(Node):
    interface = Interface(outputs={"main": "boolean"}, open_params=True)
    def post(self, shared, prep_result, exec_result):
        shared["main"] = SAYS

def pflow_register_nodes(registry):
    registry.register("where", Where)
"""


@pytest.fixture
def where():
    """``where(says)``: a conftest.py with a node, ``where``, that answers whether it runs in some way."""
    return lambda says: _WHERE.replace("SAYS", says)
