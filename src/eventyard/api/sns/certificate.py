"""The page with the certificate that notifications are signed with: where their SigningCertURL leads to."""

from __future__ import annotations

from eventyard.errors import NotFound
from eventyard.topics import FOLDER, Signer
from eventyard.wire import HttpRequest, HttpResponse, Route


def certificate_route(signer: Signer) -> Route:
    """Open to everybody: who wants to check a signature need not be a caller of the API."""

    async def show(request: HttpRequest) -> HttpResponse:
        certificate = signer.certificate(request.path)
        if certificate is None:
            raise NotFound("There is no such certificate.")
        return HttpResponse(headers={"content-type": "application/x-pem-file"}, body=certificate)

    return Route("GET", FOLDER + "*", show)
