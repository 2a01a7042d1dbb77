"""What the gate knows to tell: every rule, with its class, its sentence and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pflow_testkit.changes import Severity

_BREAKING, _BEHAVIOUR, _COSMETIC = Severity.BREAKING, Severity.BEHAVIOUR, Severity.COSMETIC


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change. ``code`` stays what it is from version to version: approvals and SARIF go by it.

    ``sentence`` says what happened and to whom it matters, ``fix`` how to mend it or when to approve it.
    """

    code: str
    severity: Severity
    sentence: str
    fix: str


_INPUTS: Final = (
    Rule(
        "input-removed",
        _BREAKING,
        "An input is gone: who gives it is refused.",
        "Keep the input, unused for a while; approve once nobody gives it any more.",
    ),
    Rule(
        "input-required-added",
        _BREAKING,
        "A new input must be given: every run and every caller that does not give it fails.",
        "Give it a default that does what was done before.",
    ),
    Rule(
        "input-optional-added",
        _BEHAVIOUR,
        "A new input may be given; who does not gets its default.",
        "Look that the default does what was done before.",
    ),
    Rule(
        "input-declared",
        _BEHAVIOUR,
        "An input that was used without being declared is declared now, so that its type is checked.",
        "Look that the declared type takes what is given today.",
    ),
    Rule(
        "input-made-required",
        _BREAKING,
        "An input that could be left out must be given now.",
        "Leave `required: false`, or give it a default.",
    ),
    Rule(
        "input-made-optional",
        _BEHAVIOUR,
        "An input that had to be given may be left out now.",
        "Look that the nodes that use it can do without it.",
    ),
    Rule(
        "input-type-narrowed",
        _BREAKING,
        "An input takes fewer values than before: some that were taken are refused.",
        "Keep the wider type, and refuse in a node what cannot be handled.",
    ),
    Rule(
        "input-type-widened",
        _BEHAVIOUR,
        "An input takes more values than before, and the nodes that use it meet them.",
        "Look that every node that uses it can take the wider type.",
    ),
    Rule(
        "input-type-changed",
        _BREAKING,
        "An input has another type: values that were taken are refused, or arrive as something else.",
        "Add a new input of the new type beside the old one.",
    ),
    Rule(
        "input-default-removed",
        _BREAKING,
        "An input lost its default, so that it must be given now.",
        "Keep the default.",
    ),
    Rule(
        "input-default-changed",
        _BEHAVIOUR,
        "Who leaves the input out gets another value.",
        "Say so to those who rely on the default.",
    ),
    Rule(
        "input-stdin-removed",
        _BREAKING,
        "An input no longer takes what is piped in.",
        "Keep `stdin: true` on it.",
    ),
    Rule(
        "input-stdin-added",
        _BEHAVIOUR,
        "An input takes what is piped in.",
        "Look that nothing is piped to the workflow for another purpose.",
    ),
    Rule(
        "input-description-changed",
        _COSMETIC,
        "The description of an input reads differently.",
        "Nothing to do.",
    ),
)

_OUTPUTS: Final = (
    Rule(
        "output-removed",
        _BREAKING,
        "An output is gone: who reads it finds nothing.",
        "Keep the output; approve once nobody reads it any more.",
    ),
    Rule("output-added", _BEHAVIOUR, "There is one more output.", "Nothing to do."),
    Rule(
        "output-type-changed",
        _BREAKING,
        "An output has another type: who reads it gets something else.",
        "Add an output of the new type beside the old one.",
    ),
    Rule(
        "output-type-widened",
        _BREAKING,
        "An output may be more than it was declared to be: who reads it may get what it does not expect.",
        "Keep the narrower type, or add a second output.",
    ),
    Rule(
        "output-type-narrowed",
        _BEHAVIOUR,
        "An output is declared to be less than before: who reads it gets what it could take already.",
        "Look that its source leads to that type.",
    ),
    Rule(
        "output-source-changed",
        _BEHAVIOUR,
        "An output is taken from another place.",
        "Look that the new source gives the same kind of value.",
    ),
    Rule("output-description-changed", _COSMETIC, "The description of an output reads differently.", "Nothing to do."),
    Rule(
        "outputs-first-declared",
        _BREAKING,
        "Outputs are declared for the first time: what the last node left is no longer given, only what is declared.",
        "Declare each output of the last node that anybody reads.",
    ),
    Rule(
        "last-outputs-changed",
        _BREAKING,
        "No outputs are declared, so that they are those of the last node; and that gives others now.",
        "Declare the outputs, with their sources.",
    ),
)

_NODES: Final = (
    Rule("node-added", _BEHAVIOUR, "There is one more node.", "Look at what it does to what comes after it."),
    Rule("node-removed", _BEHAVIOUR, "A node is gone.", "Look that nothing needs what it did."),
    Rule(
        "node-renamed",
        _BEHAVIOUR,
        "A node has another id: snapshots, stubs and the trace know it by the new one.",
        "Rename it in the case files as well, and update the snapshots.",
    ),
    Rule("node-type-changed", _BEHAVIOUR, "A node is of another type.", "Look that its outputs are those it had."),
    Rule("node-moved", _BEHAVIOUR, "A node runs at another place.", "Look that what it needs is there by then."),
    Rule("nodes-reordered", _COSMETIC, "Nodes stand in another order in the file and run as before.", "Nothing to do."),
    Rule("node-purpose-changed", _COSMETIC, "The purpose of a node reads differently.", "Nothing to do."),
    Rule(
        "node-off-path",
        _BEHAVIOUR,
        "A node that ran when all went well runs only after another action now, if at all.",
        "Add a `default` edge that leads to it.",
    ),
    Rule("start-node-changed", _BEHAVIOUR, "A run starts at another node.", "Look that nothing before it is needed."),
)

_EDGES: Final = (
    Rule("edge-added", _BEHAVIOUR, "A run goes on where it ended.", "Look that it may go on there."),
    Rule("edge-removed", _BEHAVIOUR, "A run ends where it went on.", "Look that it may end there."),
    Rule("edge-retargeted", _BEHAVIOUR, "An action leads to another node.", "Look that the new node can go on."),
    Rule("edge-action-changed", _BEHAVIOUR, "An edge is taken on another action.", "Look that the node returns it."),
    Rule(
        "error-path-removed",
        _BREAKING,
        "No edge handles the error of a node any more: a run that went on fails now.",
        "Keep the `error` edge; approve if such a run is meant to fail.",
    ),
    Rule(
        "error-path-added",
        _BEHAVIOUR,
        "The error of a node is handled by an edge: a run that failed goes on now.",
        "Look that the failure is still noticed.",
    ),
)

_PARAMS: Final = (
    Rule("param-added", _BEHAVIOUR, "A node is given one more param.", "Look at what it does to the node."),
    Rule("param-removed", _BEHAVIOUR, "A param is gone: the node takes its default.", "Look at what that default is."),
    Rule("param-changed", _BEHAVIOUR, "A param has another value.", "Look at what it does to the node."),
    Rule("param-made-template", _BEHAVIOUR, "A fixed param is filled in at run time.", "Look at what may stand there."),
    Rule("param-made-literal", _BEHAVIOUR, "A param that was filled in at run time is fixed.", "Look at the value."),
    Rule("template-changed", _BEHAVIOUR, "A template leads to another value.", "Look that it is of the same type."),
    Rule("prompt-changed", _BEHAVIOUR, "A model is asked something else.", "Run the cases against the model again."),
    Rule("model-changed", _BEHAVIOUR, "Another model is asked.", "Run the cases against the new model."),
    Rule("shell-command-changed", _BEHAVIOUR, "Another command is run.", "Look at what it prints and changes."),
    Rule("code-changed", _BEHAVIOUR, "Other code is run.", "Look at what it returns."),
    Rule("http-method-changed", _BEHAVIOUR, "A request has another method.", "Look that the server takes it."),
    Rule("http-url-changed", _BEHAVIOUR, "A request goes to another address.", "Look that its response is the same."),
    Rule("secret-changed", _BEHAVIOUR, "A param that holds a secret changed.", "Look that it is given where it runs."),
    Rule(
        "secret-written",
        _BEHAVIOUR,
        "A secret seems to be written into the file.",
        "Take it from an input or the environment; if it is a real one, replace it at its source.",
    ),
)

_BATCH: Final = (
    Rule(
        "batch-added",
        _BEHAVIOUR,
        "A node runs once for each item: its outputs are `results` and counts now.",
        "Let what reads its outputs read `results`.",
    ),
    Rule(
        "batch-removed",
        _BEHAVIOUR,
        "A node that ran once for each item runs once: `results` and the counts are gone.",
        "Let what reads `results` read the outputs themselves.",
    ),
    Rule("batch-items-changed", _BEHAVIOUR, "A batch has other items.", "Look that they are of the same kind."),
    Rule("batch-alias-renamed", _COSMETIC, "The item of a batch goes by another name.", "Nothing to do."),
    Rule(
        "batch-made-fail-fast",
        _BREAKING,
        "One failed item fails the whole run, where the others were finished before.",
        "Keep `error_handling: continue`; approve if one failure is meant to stop it.",
    ),
    Rule(
        "batch-made-tolerant",
        _BEHAVIOUR,
        "A failed item no longer stops the run: its result may be null, and the run is `degraded`.",
        "Look that what reads `results` can take a null.",
    ),
    Rule("batch-made-parallel", _BEHAVIOUR, "Items run at the same time.", "Run its cases under `--pflow-stress`."),
    Rule("batch-made-sequential", _BEHAVIOUR, "Items run one after the other.", "Look at how long that takes."),
    Rule("batch-concurrency-changed", _BEHAVIOUR, "More or fewer items run at once.", "Look at the limits it meets."),
    Rule("batch-retries-lowered", _BEHAVIOUR, "An item is tried fewer times.", "Look at how often it fails."),
    Rule("batch-retries-raised", _BEHAVIOUR, "An item is tried more times.", "Look that it may be done twice."),
    Rule("batch-retry-wait-changed", _BEHAVIOUR, "The wait between attempts changed.", "Look at the limits it meets."),
    Rule("batch-timeout-added", _BEHAVIOUR, "An attempt that takes too long fails.", "Look at how long it takes."),
    Rule("batch-timeout-removed", _BEHAVIOUR, "An attempt may take forever.", "Look that it always ends."),
    Rule("batch-timeout-lowered", _BEHAVIOUR, "An attempt has less time.", "Look at how long it takes."),
    Rule("batch-timeout-raised", _BEHAVIOUR, "An attempt has more time.", "Look at how long a run may take."),
)

_WHOLE: Final = (
    Rule(
        "templates-made-strict",
        _BREAKING,
        "A template that leads nowhere fails the run, where it was left as it is.",
        "Give such templates a `??` default; approve once each one resolves.",
    ),
    Rule(
        "templates-made-permissive",
        _BEHAVIOUR,
        "A template that leads nowhere is left as it is, where it failed the run.",
        "Look that no `${…}` ends up in what is sent or written.",
    ),
    Rule(
        "namespacing-changed",
        _BEHAVIOUR,
        "Nodes write their outputs to another place of the store.",
        "Look that no two nodes write the same name, and that every template names the right place.",
    ),
    Rule("name-changed", _COSMETIC, "The workflow has another name.", "Nothing to do."),
    Rule("description-changed", _COSMETIC, "The description of the workflow reads differently.", "Nothing to do."),
    Rule("metadata-changed", _COSMETIC, "What is noted about the workflow changed.", "Nothing to do."),
    Rule("mappings-changed", _COSMETIC, "`mappings` changed, which nothing reads.", "Nothing to do."),
    Rule("ir-version-changed", _COSMETIC, "The workflow names another version of the format.", "Nothing to do."),
)

_FILES: Final = (
    Rule("form-changed", _COSMETIC, "The workflow is written in another form.", "Nothing to do."),
    Rule("workflow-added", _BEHAVIOUR, "There is one more workflow.", "Write a case for it."),
    Rule(
        "workflow-removed",
        _BREAKING,
        "A workflow is gone: who runs or nests it fails.",
        "Keep the file; approve once nobody runs it any more.",
    ),
    Rule(
        "workflow-renamed",
        _BEHAVIOUR,
        "A workflow has another file name, and no workflow at hand nests the old one.",
        "Tell those who run it by its path.",
    ),
    Rule(
        "nested-workflow-renamed",
        _BREAKING,
        "A workflow has another file name, and others still nest the old one.",
        "Change the `workflow_ref` of those who nest it.",
    ),
    Rule(
        "workflow-made-invalid",
        _BREAKING,
        "A workflow that could be run has errors.",
        "Mend the errors that its `::validate` item shows.",
    ),
    Rule("workflow-made-valid", _BEHAVIOUR, "A workflow that had errors can be run.", "Write a case for it."),
)

_CHILDREN: Final = (
    Rule(
        "child-contract-broken",
        _BREAKING,
        "A workflow that a node runs changed so that this node may fail.",
        "Give it what it asks for now, or keep what this node relies on in that workflow.",
    ),
    Rule("child-changed", _BEHAVIOUR, "A workflow that a node runs does something else.", "Look at its changes."),
    Rule("child-removed", _BEHAVIOUR, "A node that ran a workflow is gone.", "Look that nothing needs what it did."),
    Rule("child-replaced", _BEHAVIOUR, "A node runs another workflow.", "Look that it does what this one needs."),
    Rule("child-ref-renamed", _COSMETIC, "A node names the same workflow by another path.", "Nothing to do."),
    Rule(
        "param-mapping-changed", _BEHAVIOUR, "A nested workflow is given something else.", "Look at what it is given."
    ),
    Rule(
        "output-mapping-changed",
        _BEHAVIOUR,
        "The outputs of a nested workflow go by other names.",
        "Look that what reads them uses the new names.",
    ),
)

_REPLAYS: Final = (
    Rule(
        "replay-differs",
        _BEHAVIOUR,
        "A case of the base comes out differently; told is the node, and the item, where it did first.",
        "Look at what the node did before and does now.",
    ),
    Rule(
        "replay-fails",
        _BEHAVIOUR,
        "A case of the base fails, and did not before.",
        "Mend the workflow; where the case asks for what is no longer meant, change the case.",
    ),
    Rule(
        "replay-impossible",
        _BEHAVIOUR,
        "A workflow changed, and a case of the base does not run on it, or there is none: what comes out is not known.",
        "Look at the change yourself; a case and a stub that are at hand serve the next replay.",
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.code: rule
        for rule in sorted(
            (*_INPUTS, *_OUTPUTS, *_NODES, *_EDGES, *_PARAMS, *_BATCH, *_WHOLE, *_FILES, *_CHILDREN, *_REPLAYS),
            key=lambda rule: rule.code,
        )
    }
)
"""Every rule by its code, in the order of the codes."""
