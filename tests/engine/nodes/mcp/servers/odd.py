"""An MCP server by hand, of the older protocol, that does what its argument says and no server should."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MODE = sys.argv[1]
ASKED = []


def answer(message):
    """The result of a request, or None for an error."""
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        said = {"protocolVersion": params["protocolVersion"], "serverInfo": {"name": "odd", "version": "1"}}
        return {**said, "capabilities": {} if MODE == "toolless" else {"tools": {}}}
    if method == "tools/list":
        return tools(params.get("cursor"))
    if method == "tools/call" and MODE != "rude":
        return call(params)
    return None


def tools(cursor):
    """The tools, or a page of them."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    if MODE == "flawed":
        schema = {"type": "object", "properties": {"a": {"type": "strang"}}}
    if MODE == "paged" and cursor is None:
        return {"tools": [{"name": "first", "inputSchema": schema}], "nextCursor": "2"}
    if MODE == "endless":
        return {"tools": [{"name": "tell", "inputSchema": schema}], "nextCursor": "more"}
    if MODE == "late":
        ASKED.append(cursor)
        return {"tools": [{"name": "late", "inputSchema": schema}] if len(ASKED) > 1 else []}
    tool = {"name": "tell", "inputSchema": schema}
    if MODE == "liar":
        tool["outputSchema"] = {"type": "object", "required": ["x"]}
    return {"tools": [tool]}


def call(params):
    """What the tool answers."""
    if MODE == "liar":
        return {"content": [], "structuredContent": {"y": 1}}
    if MODE == "mute":
        return {"content": [], "isError": True}
    return {"content": [{"type": "text", "text": json.dumps(params["arguments"])}]}


def start():
    """Do what is to be done before the first message."""
    print("odd starts", file=sys.stderr, flush=True)
    if MODE == "hangs":
        time.sleep(60)
    if MODE == "dies":
        sys.exit(4)
    if MODE == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    """Talk until stdin ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if MODE == "picky" and message["method"] == "server/discover":
            sys.exit(5)
        if MODE == "garbage":
            print("Listening on stdio with token-in-garbage ...", flush=True)
        if "id" in message:
            result = answer(message)
            said = {"result": result} if result else {"error": {"code": -32601, "message": "what?"}}
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)
        if MODE == "once" and message["method"] == "tools/call":
            sys.exit()
    while MODE == "stubborn":
        time.sleep(60)


if len(sys.argv) > 2:
    Path(sys.argv[2]).write_text(str(os.getpid()))
start()
main()
