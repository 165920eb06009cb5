"""HTTPS: the connection goes to the judged address, the certificate must be for the name."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eventyard.clock import SystemClock
from eventyard.errors import Forbidden
from eventyard.targets.http.client import Call, Client, Unreachable
from eventyard.targets.http.guard import LOOPBACK, Guard, parse_networks

NAME = "hooks.example.com"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for NAME, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


async def resolve(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[int, Path, list[bytes]]]:
    """Port, certificate and the heads of the requests."""
    cert, key = certificate(tmp_path)
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1], cert, heads
    server.close()
    await asyncio.sleep(0.05)


def client(cert: Path | None) -> Client:
    clock = SystemClock()
    tls = ssl.create_default_context(cafile=str(cert)) if cert else None
    return Client(Guard(clock, parse_networks(LOOPBACK), resolve), clock, tls)


async def test_the_judged_address_is_called_under_the_name(served: tuple[int, Path, list[bytes]]) -> None:
    port, cert, heads = served
    answer = await client(cert).send(Call("GET", f"https://{NAME}:{port}/x", (), None), 5)
    assert answer.status == 200
    assert f"Host: {NAME}:{port}".encode() in heads[0]


async def test_plain_http_is_kept_to_networks_that_were_opened() -> None:
    async def public(host: str, port: int) -> list[str]:
        return ["93.184.215.14"]

    clock = SystemClock()
    careful = Client(Guard(clock, parse_networks(LOOPBACK), public), clock, plain=False)
    with pytest.raises(Forbidden, match=r"plain HTTP to example\.com, which is in no network opened"):
        await careful.send(Call("GET", "http://example.com/x", (), None), 5)


async def test_a_certificate_for_another_name_is_refused(served: tuple[int, Path, list[bytes]]) -> None:
    port, cert, heads = served
    with pytest.raises(Unreachable, match="no connection"):
        await client(cert).send(Call("GET", f"https://other.example.com:{port}/x", (), None), 5)
    assert heads == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(served: tuple[int, Path, list[bytes]]) -> None:
    port, _, heads = served
    with pytest.raises(Unreachable, match="no connection"):
        await client(None).send(Call("GET", f"https://{NAME}:{port}/x", (), None), 5)
    assert heads == []
