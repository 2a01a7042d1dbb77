"""All items fill in the same dict of params, and one sends off what another filled in."""

from zoo.together import together

DEFAULTS = {"model": "small", "prompt": ""}


def send(params, sent):
    sent.append(params["prompt"])


def broken():
    sent, params = [], dict(DEFAULTS)

    def item(text):
        params["prompt"] = text
        send(params, sent)

    together(lambda: item("one"), lambda: item("two"))
    assert ["one", "two"] == sorted(sent)


def sound():
    sent = []

    def item(text):
        send({**DEFAULTS, "prompt": text}, sent)

    together(lambda: item("one"), lambda: item("two"))
    assert ["one", "two"] == sorted(sent)
