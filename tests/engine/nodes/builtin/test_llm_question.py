"""Images as they are given to images as they are sent."""

import base64
import struct
import zlib

import pytest

from pflow_engine.errors import Unhealable


def _png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_images_sent(ask, model_server, tmp_path, monkeypatch):
    """Images are sent by value from files and data URLs, by address from the net; a list in text is a list."""
    (tmp_path / "dot.png").write_bytes(_png())
    monkeypatch.chdir(tmp_path)
    data = f"data:image/png;base64,{base64.b64encode(_png()).decode()}"
    url = "https://example.invalid/cat.jpg?size=1"
    for images in ("dot.png", ["dot.png", data, url], '["dot.png"]\n', "data:image/gif,GIF89a"):
        ask(images=images)
    sent = [[each["image_url"]["url"] for each in body["messages"][0]["content"][1:]] for body in model_server.requests]
    assert [[data], [data, data, url], [data], ["data:image/gif;base64,R0lGODlh"]] == sent
    assert "hello" == model_server.requests[0]["messages"][0]["content"][0]["text"]


def test_type_by_content(ask, model_server, tmp_path):
    """An image whose name does not tell its type is known by its bytes."""
    (tmp_path / "dot").write_bytes(_png())
    ask(images=str(tmp_path / "dot"))
    (content,) = model_server.requests[0]["messages"][0]["content"][1:]
    assert content["image_url"]["url"].startswith("data:image/png;base64,")


def test_type_by_server(ask, model_server):
    """Of an address whose name does not tell the type its server is asked; an address that is wrong cannot heal."""
    address = model_server.url.replace("/v1", "/cat")
    ask(images=address)
    (content,) = model_server.requests[0]["messages"][0]["content"][1:]
    assert {"url": address} == content["image_url"]
    with pytest.raises(Unhealable, match=r"HTTP 404 Not Found: .*/category"):
        ask(images=f"{address}egory")
    assert 1 == len(model_server.requests)


@pytest.mark.parametrize("none", [None, "", []])
def test_no_images(ask, model_server, none):
    """No image is no image."""
    ask(images=none)
    assert "hello" == model_server.requests[0]["messages"][0]["content"]


def test_broken_images(ask, model_server, tmp_path):
    """All images that are none are told at once, and nothing is asked."""
    images = [str(tmp_path / "gone.png"), str(tmp_path), 5, "data:image/png;base64,é", "data:image/png", "[1"]
    with pytest.raises(Unhealable) as caught:
        ask(images=images)
    said = [problem.message.rpartition("cannot be read: ")[2] for problem in caught.value.problems]
    assert ["no such file or directory", "is a directory", "it is neither a path nor a URL"] == said[:3]
    assert said[3].startswith("its base64 is broken")
    assert ["it is empty", "no such file or directory"] == said[4:]
    with pytest.raises(Unhealable, match=r"the image '\[1' cannot be read: no such file"):
        ask(images="[1")
    assert [] == model_server.requests
