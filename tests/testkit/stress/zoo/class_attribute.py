"""A node keeps what it works on on its class, where the node of every other item finds it."""

from zoo.together import together


class OnClass:
    text = ""

    def run(self, text):
        OnClass.text = text
        return self.shout()

    def shout(self):
        return OnClass.text.upper()


class OnSelf:
    text = ""

    def run(self, text):
        self.text = text
        return self.shout()

    def shout(self):
        return self.text.upper()


def shouted(kind):
    said = {}

    def item(text):
        said[text] = kind().run(text)

    together(lambda: item("a"), lambda: item("b"))
    return said


def broken():
    assert {"a": "A", "b": "B"} == shouted(OnClass)


def sound():
    assert {"a": "A", "b": "B"} == shouted(OnSelf)
