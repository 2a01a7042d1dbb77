"""Work without garbage collection."""

import gc

import pytest

from pflow_engine.garbage import uncollected


@pytest.mark.parametrize("is_on", [True, False])
def test_uncollected(is_on):
    """Garbage is left until the end, and then whatever was before."""
    before = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert is_on == gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()
