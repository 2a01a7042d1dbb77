"""Ways to get threads wrong: each module has a ``broken`` function, and its ``sound`` twin that differs in just that.

A function makes what its threads share, runs them to their ends, and asserts what must hold of the result.
"""

import pkgutil
from importlib import import_module

from zoo import together

KINDS = {
    name: import_module(f"zoo.{name}") for _, name, _ in pkgutil.iter_modules(__path__) if name != together.__name__[4:]
}
