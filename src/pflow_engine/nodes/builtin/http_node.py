"""A request over HTTP to the response."""

from __future__ import annotations

from typing import Any, ClassVar

from pflow_engine.nodes.builtin.http_request import Request, request_of
from pflow_engine.nodes.builtin.outputs import leave
from pflow_engine.nodes.builtin.params import TIMEOUT, read_params
from pflow_engine.nodes.node import Action, Interface, Node, Param
from pflow_engine.store import Store


class Http(Node):
    """Sends a request; redirects are followed."""

    interface: ClassVar[Interface] = Interface(
        params={
            "url": Param("string", required=True, description="where to, with http:// or https://"),
            "method": Param("string", description="GET, or POST where there is a body, when left out"),
            "headers": Param("object", description="request headers"),
            "params": Param("object", description="query parameters to add to the URL"),
            "body": Param(description="text as it is, other data as JSON"),
            "timeout": TIMEOUT,
            "auth_token": Param("string", description="sent as the bearer token"),
            "api_key": Param("string", description="sent in the header api_key_header"),
            "api_key_header": Param("string", default="X-API-Key", description="the header for api_key"),
        },
        outputs={
            "response": "any",
            "response_is_binary": "boolean",
            "status_code": "integer",
            "response_headers": "object",
            "response_time": "number",
            "error": "string",
        },
        actions=("default", "error"),
        effects="network",
    )

    def prep(self, _shared: Store) -> Request:
        """The request."""
        return request_of(read_params(self.interface, self.params))

    def exec(self, prep_result: Request) -> dict[str, Any]:
        """The response as outputs; ``response_time`` is in seconds."""
        from pflow_engine.nodes.builtin.http_exchange import exchange  # noqa: PLC0415  # start-up time: httpx

        started = self.context.clock.now()
        outputs = exchange(prep_result, self.context.cancel)
        return {**outputs, "response_time": self.context.clock.now() - started}

    def post(self, shared: Store, _prep_result: Request, exec_result: dict[str, Any]) -> Action:
        """Leave the outputs."""
        return leave(shared, exec_result)
