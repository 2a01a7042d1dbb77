"""Items to batch blocks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pflow_testkit.strategies.values import literal, values, with_optional


def batch_configs(
    *,
    items: st.SearchStrategy[Any] | None = None,
    aliases: st.SearchStrategy[str] | None = None,
    parallel: st.SearchStrategy[bool] | None = None,
    timeouts: st.SearchStrategy[float] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Valid ``batch`` blocks: ``{"items": …}``, and any of the other fields.

    ``items`` makes the items (a template, or an array), ``aliases`` the names under ``as``, ``parallel`` the mode,
    ``timeouts`` the seconds an attempt may take, by default plenty. Shrinks to one item and no other field.
    """
    return with_optional(
        {"items": st.lists(values().map(literal), min_size=1, max_size=3) if items is None else items},
        {
            "as": st.sampled_from(["row", "_x"]) if aliases is None else aliases,
            "error_handling": st.sampled_from(["continue", "fail_fast"]),
            "parallel": st.booleans() if parallel is None else parallel,
            "max_concurrent": st.sampled_from([1, 2, 3, 100]),
            "max_retries": st.integers(1, 4),
            "retry_wait": st.sampled_from([0, 0.5, 60]),
            "timeout": st.sampled_from([60, 0.5e3]) if timeouts is None else timeouts,
        },
    )
