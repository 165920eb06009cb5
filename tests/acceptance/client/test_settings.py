"""Settings of AWS clients hold for this one: certificates and proxies. Endpoints and profiles: test_server.py."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from eventyard import SyncEventClient
from eventyard.errors import Broken

from .peer import Peer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine's loopback that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_certificate_is_checked_against_the_given_bundle(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Peer(tls=tls) as peer:
        with (
            SyncEventClient(unknown="allow", source="s", endpoint_url=peer.url) as events,
            pytest.raises(Broken, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            events.put("A", {})
        assert peer.requests == [], "and was not tried again and again"
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        with SyncEventClient(unknown="allow", source="s", endpoint_url=peer.url) as events:
            events.put("A", {"n": 1})
        assert peer.accepted == [{"n": 1}]


@pytest.mark.parametrize("way", ["config", "environment"])
def test_requests_go_through_the_proxy(peer: Peer, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = None
    if way == "config":
        config = Config(proxies={"http": peer.url})
    else:
        monkeypatch.setenv("HTTP_PROXY", peer.url)
    url = "http://events.example"
    with SyncEventClient(unknown="allow", source="s", endpoint_url=url, config=config) as events:
        events.put("A", {"n": 1})
    assert peer.paths == ["http://events.example/"]
    assert peer.accepted == [{"n": 1}]
