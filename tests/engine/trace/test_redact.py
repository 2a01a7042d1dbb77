"""Strict JSON without secrets."""

import json

import pytest

from pflow_engine import node
from pflow_engine.trace import strict_json
from pflow_engine.trace.redact import looks_secret, redact

SECRET = "s3cr3t-v4lue"


@pytest.mark.parametrize(
    "name",
    [
        "api_key", "apiKey", "API_KEY", "x-api-key", "OPENAI_API_KEY", "private_key", "auth_token", "token",
        "accessToken", "password", "db_passwd", "passphrase", "client_secret", "Authorization", "credentials",
        "Set-Cookie", "${api_key}",
    ],
)  # fmt: skip
def test_secret_names(name):
    """These names are those of secrets."""
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens_limit", "token_usage", "token_type", "keyboard", "monkey", "keys", "author", 5, None],
)
def test_plain_names(name):
    """These are not."""
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"api_key": "abc"}, {"api_key": "[redacted]"}),
        ({"api_key": ""}, {"api_key": ""}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"token": None}, {"token": None}),
        ({"tokens": ["abc", 5]}, {"tokens": ["[redacted]", 5]}),
        ({"credentials": {"user": "ada", "pin": 7}}, {"credentials": {"user": "[redacted]", "pin": "[redacted]"}}),
        ([{"deep": [{"password": "x"}]}], [{"deep": [{"password": "[redacted]"}]}]),
        (
            {"password": 12345678, "pin_token": 9, "secret": 0.5},
            dict.fromkeys(("password", "pin_token", "secret"), "[redacted]"),
        ),
        (
            {"input_tokens": 10**9, "tokens": {"in": 5}, "token_count": 7},
            {"input_tokens": 10**9, "tokens": {"in": 5}, "token_count": 7},
        ),
        ({"token": {"text": "x", "expires_in": 10**9}}, {"token": {"text": "[redacted]", "expires_in": 10**9}}),
        ({"has_password": True}, {"has_password": True}),
        ({"$map": [["api_key", "abc"], [1, "abc"]]}, {"$map": [["api_key", "[redacted]"], [1, "abc"]]}),
        ({"secrets": {"$map": [[1, "abc"]]}}, {"secrets": {"$map": [[1, "[redacted]"]]}}),
    ],
)
def test_under_its_name(value, expected):
    """Text and numbers under the name of a secret are taken out, whatever their length; counts are not."""
    assert redact(value) == expected


def test_wherever_it_stands():
    """A secret is taken out wherever it stands: in text, in lists, in names."""
    value = {"token": SECRET, "text": f"got {SECRET}!", "list": [SECRET], SECRET: 1}
    assert redact(value) == {
        "token": "[redacted]",
        "text": "got [redacted]!",
        "list": ["[redacted]"],
        "[redacted]": 1,
    }


@pytest.mark.parametrize(
    ("secret", "text", "expected"),
    [
        ("abc", "abc", "abc"),
        ("abcd", "abcd, xabcd abcd_ (abcd)", "[redacted], xabcd abcd_ ([redacted])"),
        ("abcdefg", "abcdefg1", "abcdefg1"),
        ("abcdefgh", "xabcdefgh1", "x[redacted]1"),
        ("None", "None", "None"),
        ("true", "true", "true"),
        ("    ", "a    b", "a    b"),
    ],
)
def test_short_secret(secret, text, expected):
    """From 4 characters on a secret is taken out where it is a word, from 8 anywhere; words that say nothing never."""
    assert [expected] == redact([text], [secret])


@pytest.mark.parametrize(("secret", "expected"), [("a" * 11, "a" * 11), ("a" * 12, "[redacted]")])
def test_secret_in_name(secret, expected):
    """In the name of an entry a secret is taken out from 12 characters on."""
    assert {expected: 1} == redact({secret: 1}, [secret])


def test_secret_number():
    """A long number that stands under the name of a secret is taken out elsewhere, too."""
    value = {"pin_token": 987654321, "text": "for 987654321", "number": 987654321, "other": 98765432}
    expected = {"pin_token": "[redacted]", "text": "for [redacted]", "number": "[redacted]", "other": 98765432}
    assert expected == redact(value)


def test_secret_beside_other_keys():
    """A secret is found in a map that has a key which is no text."""
    value = strict_json({"map": {"api_key": SECRET, 1: "x"}, "text": SECRET})
    expected = {"map": {"$map": [["api_key", "[redacted]"], [1, "x"]]}, "text": "[redacted]"}
    assert expected == redact(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x/?a=1&api_key=abc&b=2#access_token=abc", "https://x/?a=1&api_key=[redacted]&b=2#access_token=[redacted]"),
        ("GET /y?token=a%20b failed", "GET /y?token=[redacted] failed"),
        ("grant=x&client_secret=abc", "grant=x&client_secret=[redacted]"),
        ("see 'ftp://ada:p@ss@host/x?q=1'", "see 'ftp://ada:[redacted]@host/x?q=1'"),
        ("https://x/?api_key=${cfg.t | x}&b=2", "https://x/?api_key=[redacted]&b=2"),
        ("https://x:80/a@b?page=2&tokens_used=", "https://x:80/a@b?page=2&tokens_used="),
    ],
)  # fmt: skip
def test_in_url(text, expected):
    """A password before the host and a query parameter with the name of a secret are taken out of any text."""
    assert [expected] == redact([text])


def test_known_from_url():
    """A secret that a URL has is taken out elsewhere, as written and as meant."""
    value = {"url": "https://ada:pass%21word@host/?token=s3cr3t-one", "said": "no pass!word, no s3cr3t-one"}
    assert "no [redacted], no [redacted]" == redact(value)["said"]


def test_very_many():
    """Each of very many secrets is taken out, also where they begin alike."""
    secrets = [f"session={number:05}" for number in range(20_000)]
    assert ["[redacted]; x"] * 20_000 == redact([f"{secret}; x" for secret in secrets], secrets)


def test_scheme():
    """The secret of a header is what comes after its scheme."""
    value = {"Authorization": f"Bearer {SECRET}", "text": SECRET}
    assert redact(value) == {"Authorization": "[redacted]", "text": "[redacted]"}


@pytest.mark.parametrize("form", ['{"a": "se\\"cret\\\\value"}', "https://x/?t=se%22cret%5Cvalue"])
def test_other_forms(form):
    """A secret inside JSON text or a URL is taken out too."""
    assert "cret" not in redact({"token": 'se"cret\\value', "text": form})["text"]


def test_longest_first():
    """A secret that another one begins with leaves nothing of the longer one."""
    assert redact(["abcdef123456"], ["abcdef", "abcdef123456"]) == ["[redacted]"]


def test_no_secrets():
    """Without any secret everything stays."""
    assert redact({"a": ["text", 1]}) == {"a": ["text", 1]}


def test_registered():
    """What was registered is taken out."""
    assert redact([SECRET], [SECRET]) == ["[redacted]"]


def test_template_is_none():
    """A template under the name of a secret stands for it, and is none itself."""
    assert redact({"token": "${cfg.t}", "text": "${cfg.t}"}) == {"token": "[redacted]", "text": "${cfg.t}"}


@node("leak")
def _leak(auth_token: str, headers: dict | None = None) -> dict:
    raise ValueError(f"401 for {auth_token} with {headers}")


@pytest.fixture
def leaked(registry):
    """``leaked(flow, **inputs)``: the trace as text."""
    registry.register("leak", _leak)

    def run(flow, **inputs):
        result = flow.run(inputs)
        return json.dumps(result.trace.to_dict())

    return run


@pytest.mark.parametrize(
    "params",
    [
        {"auth_token": SECRET},
        {"auth_token": "${cfg.t}"},
        {"auth_token": "x", "headers": {"Authorization": "Bearer ${cfg.t}"}},
    ],
)
@pytest.mark.parametrize("batch", [None, {"items": [1], "error_handling": "continue"}])
def test_none_in_trace(leaked, flow_of, params, batch):
    """A secret in a parameter, written or resolved, is nowhere in the trace, nor in the errors it led to."""
    step = {"id": "n", "type": "leak", "params": params, **({"batch": batch} if batch else {})}
    flow = flow_of([step], inputs={"cfg": {"type": "object"}})
    assert SECRET not in leaked(flow, cfg={"t": SECRET})


def test_secret_items(leaked, flow_of):
    """Items that are given as secrets are nowhere in the trace."""
    flow = flow_of([{"id": "n", "type": "leak", "params": {"auth_token": "${item}"}, "batch": {"items": "${xs}"}}])
    assert SECRET not in leaked(flow, xs=[SECRET])


def test_secret_input(leaked, flow_of):
    """A secret given as an input is nowhere in the trace, whatever it is put into."""
    nodes = [{"id": "n", "type": "emit", "params": {"url": "http://x/?k=${api_key}", "body": ["${api_key}"]}}]
    assert SECRET not in leaked(flow_of(nodes), api_key=SECRET)


def test_secret_output(leaked, flow_of):
    """A secret that a node wrote is nowhere in the trace, nor where another node took it."""
    nodes = [
        {"id": "a", "type": "emit", "params": {"response": {"access_token": SECRET}}},
        {"id": "b", "type": "emit", "params": {"text": "<${a.response.access_token}>"}},
    ]
    assert SECRET not in leaked(flow_of(nodes))


def test_named_value():
    """A value that stands beside the name of a secret, as headers are often written, is taken out."""
    headers = [{"name": "Authorization", "value": "Bearer qqqwww111222"}, {"name": "Accept", "value": "text/html"}]
    assert [
        {"name": "Authorization", "value": "[redacted]"},
        {"name": "Accept", "value": "text/html"},
        "said [redacted]",
    ] == redact([*headers, "said qqqwww111222"])


def test_json_in_text(leaked, flow_of):
    """A secret that a tool prints as JSON is nowhere in the trace, not in other texts either; what is beside it is."""
    printed = json.dumps({"session": {"access_token": SECRET, "user": "ada"}})
    nodes = [
        {"id": "a", "type": "emit", "params": {"response": "${text}"}},
        {"id": "b", "type": "emit", "params": {"text": f"<{SECRET}>"}},
    ]
    text = leaked(flow_of(nodes), text=printed)
    assert SECRET not in text
    assert '"<[redacted]>"' in text
    assert json.dumps(printed.replace(SECRET, "[redacted]")) in text


def test_json_under_a_secret_name():
    """What JSON that is a secret as a whole has in it is taken out elsewhere, too."""
    account = json.dumps({"private_key": SECRET, "project": "plain-project"})
    value = {"GOOGLE_CREDENTIALS": account, "said": f"{SECRET} of plain-project"}
    assert {"GOOGLE_CREDENTIALS": "[redacted]", "said": "[redacted] of plain-project"} == redact(value)


def test_number_in_json():
    """A number that is known as a secret is taken out of JSON so that it is JSON still."""
    text = '{"pin_token": 123456789}'
    assert {"token": "[redacted]", "said": '{"pin_token": "[redacted]"}'} == redact({"token": 123456789, "said": text})
