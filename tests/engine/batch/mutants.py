"""The engine, broken in one place after another, to the test that notices.

``python tests/engine/batch/mutants.py [NAME ...]`` runs all mutants, or those named: it changes one place in a copy
of the sources and runs the one test that is to notice. It ends with 1 if one of them did not, and with 2 if
nothing is known: a mutant's place is gone from the sources, or the tests fail on them as they are.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[3]
PATIENCE: Final = 120
"""Seconds. A mutant that never ends is noticed as well: tests wait 30 s for what does not come."""
AT_ONCE: Final = 2

ATTEMPT: Final = "batch/attempt.py"
OUTCOME: Final = "batch/outcome.py"
RUN: Final = "batch/run.py"
TIMEOUT: Final = "batch/timeout.py"
WINDOW: Final = "batch/window.py"
BATCH: Final = "wrappers/batch.py"
ATTEMPTS: Final = "wrappers/attempts.py"
ITEMS: Final = "wrappers/items.py"
PARAMS: Final = "wrappers/template_aware.py"
NODE: Final = "nodes/node.py"
STORE: Final = "store.py"


class Mutant(NamedTuple):
    """A sentence of the specification, how to break it (``old``, once in ``file``, to ``new``), and who notices."""

    name: str
    sentence: str
    file: str
    old: str
    new: str
    test: str


# fmt: off
MUTANTS: Final = (
    # Items.
    Mutant("json-text-refused", "items may be text that is a JSON array",
           ITEMS, "_parsed(value) if isinstance(value, str) else value", "value",
           "wrappers/test_items.py::test_json_text"),
    Mutant("newline-refused", "trailing newline and all, as shells print it",
           ITEMS, "json.loads(text)", "json.loads(text) if text == text.strip() else None",
           "batch/test_spec.py::test_shell_prints_items"),
    Mutant("bad-items-shown", "the error names the type of what is no list, never the value",
           ITEMS, "got {found}", "got {value!r}",
           "wrappers/test_items.py::test_no_list"),
    Mutant("stderr-not-named", "the error has the stderr of the node upstream",
           ITEMS, "if isinstance(stderr, str)", "if False",
           "wrappers/test_items.py::test_upstream_stderr"),
    Mutant("unresolved-passes", "a template in inline items that leads nowhere is an error",
           BATCH, "compile_value(config.items, permissive=spec.permissive)",
           "compile_value(config.items, permissive=True)",
           "test_the_fifteen.py::test_fifteen_10_inline_items"),
    Mutant("falsy-items-dropped", "a falsy item is an item",
           ITEMS, "return list(parsed)", "return [item for item in parsed if item]",
           "wrappers/test_batch.py::test_falsy_item"),
    # Each attempt of each item.
    Mutant("node-kept", "each item and each attempt gets a fresh node",
           NODE, "fresh = source()\n", 'fresh = source._kept = getattr(source, "_kept", None) or source()\n',
           "test_the_fifteen.py::test_fifteen_01_stale_params"),
    Mutant("namespace-kept", "a retried item does not see what its failed attempt wrote",
           ATTEMPTS, "outputs: dict[str, Any] = {}", 'outputs = root.setdefault("kept", {}).setdefault(index, {})',
           "wrappers/test_batch.py::test_retry_resets_namespace"),
    Mutant("namespace-not-emptied", "an attempt starts with its own namespace emptied",
           ATTEMPTS, "outputs: dict[str, Any] = {}", "outputs = dict(root.get(node_id, {}))",
           "batch/test_spec.py::test_loop_empties_namespace"),
    Mutant("item-spoilt", "an attempt is given the original item, not what an earlier one made of it",
           ATTEMPTS, "copy_data(items[index])", "items[index]",
           "wrappers/test_batch.py::test_retry_gets_original"),
    Mutant("writes-reach-root", "nothing an item writes is seen by another item",
           STORE, "    def __missing__(",
           "    def __setitem__(self, key, value):\n        self.root[key] = value\n\n    def __missing__(",
           "batch/test_spec.py::test_root_names_isolated"),
    Mutant("namespace-shared", "nothing an item writes into its namespace is seen by another item",
           ATTEMPTS, "outputs: dict[str, Any] = {}", "outputs = root.setdefault(node_id, {})",
           "batch/test_spec.py::test_namespaces_isolated"),
    Mutant("alias-inside", "the alias stands at the root of the item's store",
           STORE, "store[alias] = item", "own[alias] = item",
           "wrappers/test_chain.py::test_batch_outside_namespaced"),
    Mutant("no-index", "__index__ stands at the root of the item's store",
           STORE, "    store[INDEX] = index\n", "",
           "batch/test_spec.py::test_index_counts_items"),
    Mutant("index-from-one", "__index__ counts from 0",
           STORE, "store[INDEX] = index", "store[INDEX] = index + 1",
           "batch/test_spec.py::test_index_counts_items"),
    Mutant("params-shared", "nothing an item does to its params is seen by another item",
           "templates/plan.py", "(lambda _: copy_data(value)) if value else", "(lambda _: value) if value else",
           "batch/test_spec.py::test_params_isolated"),
    # Order.
    Mutant("results-by-completion", "results are in input order",
           RUN, "outcome = done[index] = run_item(job, index)",
           "done[done.index(None)] = outcome = run_item(job, index)",
           "batch/test_spec.py::test_ends_in_reverse"),
    Mutant("errors-by-completion", "errors are in index order",
           BATCH, "error_entries(outcomes,", "error_entries(sorted(outcomes, key=lambda outcome: outcome.duration_ms),",
           "batch/test_spec.py::test_ends_in_reverse"),
    Mutant("trace-by-completion", "the trace's rows are in index order",
           BATCH, "map(_ROW, outcomes)", "map(_ROW, sorted(outcomes, key=lambda outcome: outcome.duration_ms))",
           "batch/test_spec.py::test_ends_in_reverse"),
    Mutant("usage-by-completion", "__llm_calls__ of the items are joined in index order",
           BATCH, "sorted(attempts.usage.items())", "attempts.usage.items()",
           "wrappers/test_batch.py::test_appended_calls_in_order"),
    Mutant("usage-of-failed-lost", "what failed attempts used is kept",
           ATTEMPTS, "usage[index, number]", "usage[index, 1]",
           "wrappers/test_batch.py::test_usage_in_index_order"),
    # Results.
    Mutant("falsy-results-dropped", "a node that wrote nothing gives its item",
           BATCH, "[outcome.outputs for", "[outcome.outputs or None for",
           "wrappers/test_batch.py::test_wrote_nothing"),
    Mutant("results-shortened", "results have full length, whatever failed",
           BATCH, "    return results\n", "    return [result for result in results if result is not None]\n",
           "wrappers/test_batch.py::test_continue_results"),
    Mutant("no-item-in-result", "a result has its input as item",
           BATCH, 'outputs["item"] = item', "pass",
           "wrappers/test_batch.py::test_whole_output"),
    Mutant("own-item-wins", "a node's own item is overruled",
           BATCH, 'outputs["item"] = item', 'outputs.setdefault("item", item)',
           "wrappers/test_batch.py::test_own_item_output"),
    Mutant("no-warning", "whoever is overruled is warned",
           BATCH, "call.recorder.warn(", "str(",
           "wrappers/test_batch.py::test_own_item_output"),
    # Failure.
    Mutant("error-dict-passes", "a truthy error in the outputs is a failure",
           ATTEMPT, 'if action != "error" and not outputs.get("error"):', 'if action != "error":',
           "batch/test_spec_failures.py::test_all_failures_end"),
    Mutant("error-action-passes", "the action error is a failure",
           ATTEMPT, 'if action != "error" and not outputs.get("error"):', 'if not outputs.get("error"):',
           "batch/test_spec_failures.py::test_all_failures_end"),
    Mutant("error-dict-not-retried", "an error that was returned is retried",
           ATTEMPT, "heals=True", 'heals=not outputs.get("error")',
           "test_the_fifteen.py::test_fifteen_09_what_is_retried"),
    Mutant("error-action-not-retried", "the action error is retried",
           ATTEMPT, "heals=True", 'heals=action != "error"',
           "batch/test_spec_failures.py::test_all_failures_heal"),
    Mutant("unhealable-retried", "what cannot heal is not retried",
           ATTEMPT, "not isinstance(error, Unhealable)", "True",
           "batch/test_spec_failures.py::test_hopeless_is_one_items"),
    Mutant("one-attempt-more", "max_retries counts all attempts",
           ATTEMPT, "attempt >= job.max_retries", "attempt > job.max_retries",
           "batch/test_spec_failures.py::test_all_failures_end"),
    Mutant("one-attempt-less", "there are as many attempts as max_retries says",
           ATTEMPT, "attempt >= job.max_retries", "attempt + 1 >= job.max_retries",
           "batch/test_spec_failures.py::test_all_failures_end"),
    Mutant("no-wait", "retry_wait seconds pass between attempts",
           ATTEMPT, "job.clock.sleep(job.retry_wait, job.cancel)", "pass",
           "batch/test_spec_failures.py::test_all_failures_heal"),
    Mutant("wait-after-last", "retry_wait is between attempts, not after the last",
           ATTEMPT, "attempt >= job.max_retries or not failure.heals or not _wait(job)",
           "not failure.heals or not _wait(job) or attempt >= job.max_retries",
           "batch/test_spec_failures.py::test_all_failures_end"),
    Mutant("outputs-of-raised-kept", "an item that raised has None in the results",
           ATTEMPT, "type(error).__name__, None, error,", "type(error).__name__, {}, error,",
           "batch/test_spec_failures.py::test_last_attempt_counts"),
    Mutant("outputs-of-returned-lost", "an item that returned an error has its outputs in the results",
           ATTEMPT, '"error", outputs, None', '"error", None, None',
           "wrappers/test_batch.py::test_continue_results"),
    # Continue and fail_fast.
    Mutant("nothing-stopped", "under fail_fast no further item starts",
           RUN, 'if job.fail_fast and outcome.status == "failed":', "if False:",
           "test_the_fifteen.py::test_fifteen_05_cancelled"),
    Mutant("continue-stops", "under continue every item is tried",
           RUN, 'if job.fail_fast and outcome.status == "failed":', 'if outcome.status == "failed":',
           "batch/test_run.py::test_continue_tries_all"),
    Mutant("running-cancelled", "under fail_fast what runs comes to its end, with all its attempts",
           RUN, "                window.stop()", "                _stop(job, window)",
           "batch/test_spec_failures.py::test_running_keep_attempts"),
    Mutant("highest-index-raised", "the error raised is that of the lowest index",
           BATCH, 'outcomes[statuses.index("failed")] if failed',
           '[outcome for outcome in outcomes if outcome.status == "failed"][-1] if failed',
           "test_the_fifteen.py::test_fifteen_04_same_error"),
    Mutant("first-in-time-raised", "the error raised is the same whoever failed first",
           BATCH, 'outcomes[statuses.index("failed")] if failed',
           'min((o for o in outcomes if o.status == "failed"), key=lambda o: o.duration_ms) if failed',
           "test_the_fifteen.py::test_fifteen_04_same_error"),
    Mutant("handed-out-backwards", "items start in index order, so that the lowest that fails is always known",
           WINDOW, "iter(range(count))", "iter(range(count)[::-1])",
           "batch/test_window.py::test_in_order"),
    Mutant("cause-not-raised", "the exception is the raised error's cause",
           BATCH, "from first.cause", "from None",
           "batch/test_spec_failures.py::test_cause_in_both_modes"),
    Mutant("cause-not-kept", "the exception is the raised error's cause",
           ATTEMPT, "failure.cause if job.fail_fast else None", "None",
           "batch/test_spec_failures.py::test_cause_in_both_modes"),
    Mutant("nothing-stored", "what a fail_fast batch had finished stays in the store",
           BATCH, "            raise self._failure(first)",
           "            del store[self.spec.id]\n            raise self._failure(first)",
           "batch/test_spec_failures.py::test_finished_for_the_edge"),
    Mutant("cancelled-counted", "items that never started are cancelled, not failed",
           BATCH, '"error_count": statuses.count("failed")',
           '"error_count": len(statuses) - statuses.count("completed")',
           "test_the_fifteen.py::test_fifteen_05_cancelled"),
    Mutant("cancelled-have-errors", "items that never started have no error",
           OUTCOME, 'if outcome.status == "failed"', 'if outcome.status != "completed"',
           "batch/test_spec_failures.py::test_errors_of_fail_fast"),
    # Errors.
    Mutant("no-errors-is-a-list", "errors are None when nothing failed",
           OUTCOME, "return entries or None", "return entries",
           "wrappers/test_batch.py::test_whole_output"),
    Mutant("exception-in-errors", "errors never have an exception object",
           OUTCOME, '"error": outcome.error,', '"error": outcome.cause or outcome.error,',
           "test_the_fifteen.py::test_fifteen_11_no_frames"),
    Mutant("frames-pinned", "no frame is pinned where the exception is not raised again",
           ATTEMPT, "failure.cause if job.fail_fast else None", "failure.cause",
           "batch/test_attempt.py::test_cause_kept"),
    Mutant("errors-raw", "errors are JSON-safe, whatever the items are",
           BATCH, "strict_json(items[index])", "items[index]",
           "wrappers/test_batch.py::test_errors_json_safe"),
    # Timeouts and stopping.
    Mutant("timeout-ignored", "an attempt that takes longer than its timeout fails its item",
           ATTEMPTS, "if seconds is None:", "if seconds != 0:",
           "batch/test_spec_failures.py::test_timed_out_result"),
    Mutant("late-call-lands", "what an abandoned attempt reports late lands nowhere",
           ATTEMPTS, "usage[index, number] = list(calls)", "usage[index, number] = calls",
           "wrappers/test_batch.py::test_late_call_is_lost"),
    Mutant("late-write-lands", "what an abandoned attempt writes late lands nowhere",
           ATTEMPTS, "outputs: dict[str, Any] = {}", 'outputs = root.setdefault("kept", {}).setdefault(index, {})',
           "batch/test_spec_failures.py::test_timeout_is_per_attempt"),
    Mutant("left-running", "an attempt that timed out is asked to stop",
           TIMEOUT, "        token.cancel()\n", "",
           "batch/test_timeout.py::test_asked_to_stop"),
    Mutant("exit-in-thread", "SystemExit within a timeout is the item's failure",
           TIMEOUT, "except BaseException as error", "except Exception as error",
           "batch/test_spec_failures.py::test_exit_is_the_items"),
    Mutant("exit-ends-run", "SystemExit in a node is its item's failure",
           ATTEMPT, "(Exception, SystemExit, ", "(Exception, ",
           "wrappers/test_batch.py::test_system_exit_fails_item"),
    Mutant("interrupt-is-failure", "Ctrl-C is no item's failure",
           ATTEMPT, "(Exception, SystemExit, ", "(BaseException, ",
           "batch/test_spec_failures.py::test_interrupt_is_no_failure"),
    Mutant("interrupt-loses-finished", "Ctrl-C keeps what was done",
           BATCH, "stop.outcomes", 'stop.outcomes and [Outcome(o.index, "cancelled") for o in stop.outcomes]',
           "test_the_fifteen.py::test_fifteen_07_interrupted"),
    Mutant("interrupt-runs-rest", "at Ctrl-C no new item starts",
           RUN, "later.\n        _stop(job, window)", "later.",
           "batch/test_run.py::test_interrupt_in_worker"),
    Mutant("cancelled-tried-again", "a batch that was asked to stop tries nothing again",
           ATTEMPT, "return not job.cancel.cancelled", "return True",
           "batch/test_spec_failures.py::test_cancelled_is_not_retried"),
    # Edges.
    Mutant("all-failed-passes", "the error edge is taken when all items of a continue batch failed",
           BATCH, 'return "error"', "return None",
           "test_the_fifteen.py::test_fifteen_03_error_edge"),
    Mutant("some-failed-is-error", "the error edge is not taken when only some items of a continue batch failed",
           BATCH, "if not first or failed < len(outcomes):", "if not first:",
           "wrappers/test_batch.py::test_error_edge"),
    # How many at once.
    Mutant("future-an-item", "there are at most max_concurrent futures",
           RUN, "done, min(workers, job.count)", "done, job.count",
           "batch/test_spec.py::test_few_futures"),
    Mutant("never-parallel", "a parallel batch runs max_concurrent items at once",
           BATCH, "call.executor if self.config.parallel else None", "None",
           "batch/test_spec.py::test_few_futures"),
    Mutant("returned-early", "when a batch has returned nothing of it runs",
           RUN, "    if not workers:\n        return\n",
           "    pool = executor(workers)\n"
           "    _ = [pool.submit(_drain, job, window, done) for _ in range(workers)]\n"
           "    while not any(done):\n        pass\n    return\n",
           "test_the_fifteen.py::test_fifteen_06_nothing_after"),
    Mutant("holds-what-follows", "what a batch holds does not grow with what follows it",
           "compiler.py", "        workflow.namespacing,\n", "        workflow.namespacing and workflow,\n",
           "test_the_fifteen.py::test_fifteen_02_long_graph"),
    # Metadata and trace.
    Mutant("wrong-mode", "the metadata tells the mode",
           BATCH, '"parallel" if config.parallel else "sequential"', '"sequential"',
           "batch/test_spec.py::test_metadata_tells_config"),
    Mutant("attempts-as-retried", "retried counts items, not attempts",
           BATCH, "sum(outcome.attempts > 1 for", "sum(max(outcome.attempts - 1, 0) for",
           "batch/test_spec_failures.py::test_retried_counts_items"),
    Mutant("timing-of-nothing", "timing is None where nothing ran",
           OUTCOME, "        return None\n", "        return {}\n",
           "wrappers/test_batch.py::test_empty_items"),
    Mutant("some-failed-is-success", "a run in which some items of a continue batch failed is degraded",
           "result.py", '"degraded" if some_failed', '"success" if some_failed',
           "test_result.py::test_degraded"),
    Mutant("trace-aliased", "what happens to the store later does not change the trace",
           BATCH, "copy_data(metadata)", "metadata",
           "test_the_fifteen.py::test_fifteen_13_trace"),
    Mutant("secret-of-item-shown", "what stands under the name of a secret is in no trace, of items neither",
           PARAMS, "if call.index is None or self.watched:", "if call.index is None:",
           "test_the_fifteen.py::test_fifteen_14_secrets"),
    Mutant("alias-collides", "an alias that is a node or an input is refused",
           "validation/references.py", "if alias in taken:", "if False:",
           "test_the_fifteen.py::test_fifteen_15_alias"),
)
# fmt: on


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants named, or all, and tell who noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants to run; all when none is named")
    names = parser.parse_args(arguments).names
    unknown = sorted(set(names) - {mutant.name for mutant in MUTANTS})
    if unknown:
        parser.error(f"there is no mutant {', '.join(unknown)}")
    chosen = [mutant for mutant in MUTANTS if mutant.name in names or not names]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        # One copy for all: somebody may be at work on the sources.
        sources = _copy(ROOT / "src", folder)
        lost = [said for mutant in chosen if (said := _lost(sources, mutant))]
        code, said = (1, "\n".join(lost)) if lost else _test(sources, {mutant.test for mutant in chosen})
        if code != 0:
            sys.stderr.write(f"the mutants do not fit the sources, or the tests fail as these are:\n{said}\n")
            return 2
        return _report(chosen, sources)


def _copy(sources: Path, folder: str) -> Path:
    return Path(shutil.copytree(sources, Path(folder, "src"), ignore=shutil.ignore_patterns("__pycache__")))


def _lost(sources: Path, mutant: Mutant) -> str:
    found = (sources / "pflow_engine" / mutant.file).read_text(encoding="utf-8").count(mutant.old)
    return "" if found == 1 else f"{mutant.name}: its place occurs {found} times in {mutant.file}"


def _report(chosen: Sequence[Mutant], sources: Path) -> int:
    survived = 0
    width = max(len(mutant.name) for mutant in chosen)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mutant, caught in zip(chosen, pool.map(partial(_caught_by, sources), chosen), strict=True):
            survived += caught is None
            sys.stdout.write(f"{mutant.name:{width}} | {caught or 'SURVIVED: ' + mutant.sentence}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} mutants, {survived} survived\n")
    return 1 if survived else 0


def _caught_by(sources: Path, mutant: Mutant) -> str | None:
    """The test that failed; None when none did, or when the mutant is one that cannot even be loaded."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = _copy(sources, folder)
        file = copy / "pflow_engine" / mutant.file
        file.write_text(file.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
        try:
            code, said = _test(copy, [mutant.test])
        except subprocess.TimeoutExpired:
            return f"{mutant.test}, which did not end"
    failed = re.search(r"^(?:FAILED|ERROR) tests/engine/(.+?)(?: - .*)?$", said, re.MULTILINE)
    return failed.group(1) if code == 1 and failed else None


def _test(sources: Path, tests: Iterable[str]) -> tuple[int, str]:
    # Without what a test run and its coverage tell their own children: these are no part of it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
    environment = {**inherited, "PYTHONPATH": str(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    paths = [f"tests/engine/{test}" for test in sorted(tests)]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


if __name__ == "__main__":
    sys.exit(main())
