"""The page that gives out tokens for the relay, where requests are signed."""

from __future__ import annotations

from eventyard.api.answers import answer, routes
from eventyard.errors import Forbidden
from eventyard.relay import PATH, Tokens
from eventyard.wire import HttpRequest, HttpResponse, Route


def relay_routes(tokens: Tokens) -> list[Route]:
    async def token(request: HttpRequest) -> HttpResponse:
        """A token for whoever signed the request."""
        if request.caller is None:
            raise Forbidden("Sign the request.")
        text, until = tokens.make(request.caller.account, request.caller.region)
        return answer({"token": text, "expires": until})

    return routes(("POST", f"{PATH}/token", token))
