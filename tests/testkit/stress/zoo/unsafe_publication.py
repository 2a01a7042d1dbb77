"""An object is seen by others before it is whole."""

from zoo.together import together


class Page:
    def __init__(self, registry):
        registry["page"] = self
        self.title = "Home"


class WholePage:
    def __init__(self, registry):
        self.title = "Home"
        registry["page"] = self


def title(kind):
    registry, seen = {}, []

    def read():
        page = registry.get("page")
        if page is not None:
            seen.append(page.title)

    together(lambda: kind(registry), read)
    return seen


def broken():
    assert title(Page) in ([], ["Home"])


def sound():
    assert title(WholePage) in ([], ["Home"])
