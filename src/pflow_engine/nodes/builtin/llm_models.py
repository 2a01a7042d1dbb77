"""A name to a model of the library ``llm``, made for one call."""

from __future__ import annotations

import threading
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from pflow_engine.errors import Problem, Unhealable, did_you_mean

INSTALL: Final = "pip install 'pflow-testkit[llm]'"

_LOADING: Final = threading.Lock()
"""The library says that its plugins are loaded before they are: whoever is second would find no models."""


def library() -> ModuleType:
    """The library, with its plugins loaded.

    Raises:
        Unhealable: it is not installed, or a plugin of it is broken.
    """
    with _LOADING:
        found = _loaded()
    if isinstance(found, Problem):
        raise Unhealable(found)
    return found


def model_named(llm: ModuleType, name: str | None) -> Any:
    """The model of that name or alias, or the default one; nobody else has it.

    Raises:
        Unhealable: there is no such model, or those that are configured cannot be read.
    """
    try:
        known = llm.get_model_aliases()
        wanted = name or llm.get_default_model()
    except Exception as error:  # plugins, and files that users wrote, may fail in any way
        message = f"the models of llm cannot be loaded: {type(error).__name__}: {error}"
        raise Unhealable(Problem("llm-models", message, hint="`llm models` says the same: mend its files")) from error
    if wanted not in known:
        raise Unhealable(_unknown(wanted, list(known), is_default=name is None))
    return known[wanted]


@cache
def _loaded() -> ModuleType | Problem:
    # Both ends are kept: half loaded plugins would only say that a model is unknown.
    try:
        with warnings.catch_warnings():
            # What old plugins warn of at import is no failure of a node, where warnings are errors either.
            warnings.simplefilter("ignore")
            llm = import_module("llm")  # here, for start-up time
            llm.plugins.load_plugins()
    except ModuleNotFoundError as error:
        if error.name == "llm":
            return Problem("missing-extra", f"a node of type 'llm' needs the library llm: {INSTALL}")
        return _broken(error)
    except Exception as error:  # noqa: BLE001  # a plugin may fail in any way
        return _broken(error)
    return llm


def _broken(error: Exception) -> Problem:
    message = f"the library llm cannot be loaded: {type(error).__name__}: {error}"
    return Problem("llm-models", message, hint="mend or uninstall the plugin that fails: `llm plugins` lists them")


def _unknown(name: str, known: list[str], *, is_default: bool) -> Problem:
    which = "the default model" if is_default else "there is no model"
    said = f"{which} '{name}'{' is not there' if is_default else ''}"
    near = did_you_mean(name, known)
    install = "a provider is a plugin (llm-anthropic, llm-gemini, llm-ollama, …): `llm install` it"
    choose = "name another: model, or `llm models default`; " if is_default else ""
    # In the message, since a batch tells of its items by that alone.
    return Problem("unknown-model", f"{said}; {near}; {choose}{install}")
