"""A class, a function or an instance to a NodeType.

The lifecycle is PocketFlow's: prep, exec, post. Every call gets a fresh instance, so nothing about a call
can be left on one; an instance that was registered is deep-copied for each.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pflow_engine.clock import CancelToken, Clock
from pflow_engine.errors import InvalidWorkflow, Problem, Unhealable, did_you_mean
from pflow_engine.resources import Resources
from pflow_engine.store import Store

Effects = Literal["none", "files", "process", "network", "model"]
Action = str | None
_Function = TypeVar("_Function", bound=Callable[..., Any])

_WORDS: dict[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean",
    list: "array", tuple: "array", dict: "object", Any: "any",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter a node type takes. ``type`` is a word of JSON Schema, or ``any``."""

    type: str = "any"
    required: bool = False
    default: Any = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """What a node type takes and gives.

    ``outputs`` maps names to types. ``actions`` None means: any. An open interface has more params or
    outputs than it names; ``echoes`` means that its outputs are its params. A node that ``nests`` runs the workflow
    that its param ``workflow_ref`` names, and its outputs are that one's. ``schema`` is the JSON Schema that the
    params are held against, where there is one; ``params`` is then as much of it as these words can say.
    """

    params: Mapping[str, Param] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] | None = None
    effects: Effects = "none"
    open_params: bool = False
    open_outputs: bool = False
    echoes: bool = False
    nests: bool = False
    schema: Mapping[str, Any] | None = None


class Context(Protocol):
    """What a node may ask of the run it is part of."""

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        ...

    @property
    def cancel(self) -> CancelToken:
        """Asked to stop when the run is interrupted or the attempt timed out."""
        ...

    def keep_secret(self, values: Iterable[str], /) -> None:
        """Texts that the node came by and that must not be seen in the trace, such as a key from a file."""
        ...

    @property
    def resources(self) -> Resources:
        """What the nodes of the run share, closed when it ends."""
        ...


Run = Callable[[Context, Store, dict[str, Any]], Action]


@dataclass(frozen=True, slots=True)
class NodeType:
    """A registered type. ``run`` makes a fresh node and runs it: ``run(context, store, params) -> action``."""

    name: str
    interface: Interface
    run: Run


class Node:
    """Base class for node types. Override any of the three steps; ``self.params`` has the resolved params."""

    interface: ClassVar[Interface] = Interface(open_params=True, open_outputs=True)
    params: dict[str, Any]
    context: Context

    def prep(self, shared: Store) -> Any:
        """Read what is needed; what it returns goes to ``exec``."""

    def exec(self, prep_result: Any) -> Any:
        """Do the work, without the store; what it returns goes to ``post``."""

    def post(self, shared: Store, prep_result: Any, exec_result: Any) -> Action:
        """Write the outputs; returns the action, None for ``default``."""

    def run(self, shared: Store) -> Action:
        """The three steps, once."""
        prepared = self.prep(shared)
        return self.post(shared, prepared, self.exec(prepared))


def node(
    name: str, *, outputs: Mapping[str, Any] | None = None, effects: Effects = "none"
) -> Callable[[_Function], _Function]:
    """Mark a function as a node type: its parameters by name and type, its dict is the output.

    ``outputs`` maps names to Python types or words of JSON Schema; left out, any output is allowed.
    """

    def mark(function: _Function) -> _Function:
        function.__pflow_node__ = (name, _function_interface(function, outputs, effects))  # type: ignore[attr-defined]  # functions take attributes
        return function

    return mark


def node_type(name: str, source: Any) -> NodeType:
    """The NodeType of a class, a ``@node`` function or an instance.

    Raises:
        InvalidWorkflow: it is none of these, a class that needs arguments, or an instance that cannot be copied.
    """
    if inspect.iscoroutinefunction(source):
        hint = "write it with def; asyncio.run inside it runs what is async"
        raise InvalidWorkflow(Problem("node-type", f"'{name}' is an async function", hint=hint))
    if hasattr(source, "__pflow_node__"):
        interface = source.__pflow_node__[1]
        return NodeType(name, interface, _function_runner(name, source, interface))
    if callable(getattr(source, "run", None)):
        runner = _class_runner if inspect.isclass(source) else _instance_runner
        return NodeType(name, _interface(source), runner(name, source))
    hint = "register a subclass of Node, one of PocketFlow's, an instance, or a function marked with @node"
    raise InvalidWorkflow(Problem("node-type", f"'{name}' is {source!r}, which is no node", hint=hint))


def _interface(source: Any) -> Interface:
    found = getattr(source, "interface", None)
    return found if isinstance(found, Interface) else Node.interface


def _class_runner(name: str, source: type[Any]) -> Run:
    try:
        inspect.signature(source).bind()
    except TypeError as error:
        hint = "give its arguments defaults, or register an instance"
        problem = Problem("node-type", f"'{name}' cannot be made without arguments: {error}", hint=hint)
        raise InvalidWorkflow(problem) from None
    if inspect.isabstract(source):
        missing = ", ".join(sorted(source.__abstractmethods__))
        raise InvalidWorkflow(Problem("node-type", f"'{name}' is abstract", hint=f"it does not define {missing}"))
    if issubclass(source, Node):
        return _node_runner(source)

    def run(_context: Context, store: Store, params: dict[str, Any]) -> Action:
        return _run_foreign(source(), store, params)

    return run


def _node_runner(source: type[Node]) -> Run:
    def run(context: Context, store: Store, params: dict[str, Any]) -> Action:
        fresh = source()
        fresh.params = params
        fresh.context = context
        return _action(fresh.run(store))

    return run


def _instance_runner(name: str, source: Any) -> Run:
    try:
        # From now on it is ours: what its owner does to it later does not reach a run.
        mould = copy.deepcopy(source)
    except Exception as error:  # whatever __deepcopy__ raises means: it cannot be copied
        hint = f"register its class instead: registry.register('{name}', {type(source).__name__})"
        message = f"the instance registered as '{name}' cannot be copied for each run: {error}"
        raise InvalidWorkflow(Problem("node-copy", message, hint=hint)) from error

    def run(context: Context, store: Store, params: dict[str, Any]) -> Action:
        fresh = copy.deepcopy(mould)
        if isinstance(fresh, Node):
            fresh.context = context
        return _run_foreign(fresh, store, params)

    return run


def _run_foreign(fresh: Any, store: Store, params: dict[str, Any]) -> Action:
    fresh.params = params
    if hasattr(fresh, "run_async"):
        return _action(asyncio.run(fresh.run_async(store)))
    return _action(fresh.run(store))


def _action(returned: Any) -> Action:
    # PocketFlow lets post return anything; what is no text is no action.
    return returned if isinstance(returned, str) else None


def _function_runner(name: str, function: Callable[..., Any], interface: Interface) -> Run:
    known = frozenset(interface.params)
    required = frozenset(key for key, param in interface.params.items() if param.required)

    def run(_context: Context, store: Store, params: dict[str, Any]) -> Action:
        names = params.keys()
        if names != known and not (required <= names and (interface.open_params or names <= known)):
            raise Unhealable(_wrong_params(name, interface, params))
        returned = function(**params)
        if returned is not None:
            _leave(name, store, returned)
        return None

    return run


def _leave(name: str, store: Store, returned: Any) -> None:
    if not isinstance(returned, dict):
        what = f"{type(returned).__name__}, not a dict of outputs"
    elif any([not isinstance(output, str) for output in returned]):  # noqa: C419  # twice as fast as a generator
        what = "a dict with keys that are no text"
    else:
        for output, value in returned.items():
            store[output] = value
        return
    raise Unhealable(Problem("node-output", f"'{name}' returned {what}", hint="return {'name': value}"))


def _wrong_params(name: str, interface: Interface, params: Mapping[str, Any]) -> list[Problem]:
    missing = [key for key, param in interface.params.items() if param.required and key not in params]
    extra = [] if interface.open_params else [key for key in params if key not in interface.params]
    return [
        Problem("missing-param", f"'{name}' needs the parameter '{key}'", hint=f"add {key}: …") for key in missing
    ] + [
        Problem("unknown-param", f"'{name}' takes no parameter '{key}'", hint=did_you_mean(key, interface.params))
        for key in extra
    ]


def _function_interface(function: Callable[..., Any], outputs: Mapping[str, Any] | None, effects: Effects) -> Interface:
    hints = _hints(function)
    params = inspect.signature(function).parameters.values()
    by_name = [param for param in params if param.kind not in (param.VAR_KEYWORD, param.VAR_POSITIONAL)]
    return Interface(
        params={param.name: _param(param, hints.get(param.name, Any)) for param in by_name},
        outputs={name: _word(kind) for name, kind in (outputs or {}).items()},
        effects=effects,
        open_params=any(param.kind is param.VAR_KEYWORD for param in params),
        open_outputs=outputs is None,
    )


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError):
        # A name that is imported for type checkers only: the parameters take any value.
        return {}


def _param(param: inspect.Parameter, annotation: Any) -> Param:
    required = param.default is param.empty
    return Param(_word(annotation), required, None if required else param.default)


def _word(kind: Any) -> str:
    # A word of JSON Schema for a type; a union or anything else Python has more of is "any".
    if isinstance(kind, str):
        return kind
    if isinstance(kind, types.UnionType):
        return "any"
    return _WORDS.get(typing.get_origin(kind) or kind, "any")
