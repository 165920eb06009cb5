"""The wire: HTTP requests as AWS's SDKs send them, turned into calls of operations, and results into AWS's bytes.

This room knows AWS's protocols, error forms and signatures. It does not know what an operation does.
"""

from eventyard.wire.app import App, Socket
from eventyard.wire.credential import DevAuthenticator
from eventyard.wire.http import WHOLE, Headers
from eventyard.wire.inside import Calls
from eventyard.wire.json import Moment
from eventyard.wire.operation import (
    Authenticator,
    Caller,
    Door,
    FastHandler,
    Handler,
    HttpRequest,
    HttpResponse,
    Route,
)
from eventyard.wire.sigv4 import SigV4Authenticator

__all__ = [
    "WHOLE",
    "App",
    "Authenticator",
    "Caller",
    "Calls",
    "DevAuthenticator",
    "Door",
    "FastHandler",
    "Handler",
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "Moment",
    "Route",
    "SigV4Authenticator",
    "Socket",
]
