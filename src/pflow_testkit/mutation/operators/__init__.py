"""The ways to change a workflow, by name, in the order in which mutants are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pflow_testkit.mutation.model import Operator
from pflow_testkit.mutation.operators.batches import (
    change_concurrency,
    change_error_handling,
    drop_item,
    drop_timeout,
    drop_wait,
    fewer_attempts,
    flip_parallel,
    more_attempts,
)
from pflow_testkit.mutation.operators.contract import (
    change_default,
    drop_default,
    drop_mapping,
    drop_output,
    require_input,
    swap_outputs,
    tighten_mode,
)
from pflow_testkit.mutation.operators.flow import (
    drop_edge,
    drop_node,
    move_start,
    retarget_edge,
    swap_edges,
    swap_neighbours,
)
from pflow_testkit.mutation.operators.params import (
    change_number,
    change_text,
    drop_param,
    flip_boolean,
    shorten_list,
    swap_params,
)
from pflow_testkit.mutation.operators.templates import (
    blank_template,
    drop_choice,
    other_index,
    other_output,
    other_source,
    shorten_path,
)

OPERATORS: Final[Mapping[str, Operator]] = {
    "drop-node": drop_node,
    "swap-neighbours": swap_neighbours,
    "move-start": move_start,
    "drop-edge": drop_edge,
    "retarget-edge": retarget_edge,
    "swap-edges": swap_edges,
    "other-output": other_output,
    "other-source": other_source,
    "other-index": other_index,
    "shorten-path": shorten_path,
    "drop-choice": drop_choice,
    "blank-template": blank_template,
    "drop-param": drop_param,
    "swap-params": swap_params,
    "change-number": change_number,
    "flip-boolean": flip_boolean,
    "change-text": change_text,
    "shorten-list": shorten_list,
    "change-error-handling": change_error_handling,
    "fewer-attempts": fewer_attempts,
    "more-attempts": more_attempts,
    "drop-wait": drop_wait,
    "drop-timeout": drop_timeout,
    "drop-item": drop_item,
    "flip-parallel": flip_parallel,
    "change-concurrency": change_concurrency,
    "drop-output": drop_output,
    "swap-outputs": swap_outputs,
    "change-default": change_default,
    "drop-default": drop_default,
    "require-input": require_input,
    "tighten-mode": tighten_mode,
    "drop-mapping": drop_mapping,
}
