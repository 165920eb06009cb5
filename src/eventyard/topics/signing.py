"""Signing what is sent to HTTP endpoints, with a key and a self-made certificate that outlive restarts.

Whoever checks the signatures must trust this server's certificate instead of Amazon's. Sources: SNS developer guide,
"Verifying the signatures of Amazon SNS messages" and "Amazon SNS message signature version" (1 is SHA1, 2 is SHA256).
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from eventyard.clock import Clock
from eventyard.errors import Broken
from eventyard.keyfile import read_or_make

FILE = "sns-signing.pem"
#: Where the certificates are served.
FOLDER = "/sns/"
_LIFE = timedelta(days=3650)
_BITS = 2048
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
#: So many signatures are remembered: a message to many endpoints is signed once, as is one that is sent again.
_REMEMBERED = 500


class _Pair(msgspec.Struct, frozen=True):
    """``page``: the name of the certificate's page, of its own for each certificate, since clients keep what they load
    from one address."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    page: str


class Signer:
    """``directory``: where the key lives; None has it live and die with the process. It is made on first need."""

    def __init__(self, directory: Path | None, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._known: _Pair | None = None
        self._signatures: OrderedDict[tuple[str, bytes], str] = OrderedDict()

    @property
    def path(self) -> str:
        """The path of the certificate's address on this server."""
        return FOLDER + self._pair.page

    def certificate(self, path: str) -> bytes | None:
        """The certificate with this path, as PEM; None if it isn't this server's."""
        return self._pair.certificate if path == self.path else None

    def sign(self, version: str, text: str) -> str:
        """The signature of ``text`` in base64. ``version``: "1" or "2"."""
        key = (version, hashlib.sha256(text.encode()).digest())
        known = self._signatures.get(key)
        if known is None:
            made = self._pair.key.sign(text.encode(), padding.PKCS1v15(), _HASHES[version]())
            known = self._signatures[key] = base64.b64encode(made).decode()
            if len(self._signatures) > _REMEMBERED:
                self._signatures.popitem(last=False)
        return known

    @property
    def _pair(self) -> _Pair:
        """Raises Broken when the file can't be used, InvalidRequest when others may read it."""
        if self._known is None:
            path = None if self._directory is None else self._directory / FILE
            self._known = _read(self._make() if path is None else read_or_make(path, self._make), path)
        return self._known

    def _make(self) -> bytes:
        """A new key and its certificate, as PEM."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Eventyard notifications")])
        now = datetime.fromtimestamp(self._clock.now() // 1000, UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _read(content: bytes, path: Path | None) -> _Pair:
    try:
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise Broken(f"{path} does not hold a key and its certificate: {error}.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or certificate.public_key() != key.public_key():
        raise Broken(f"{path} does not hold an RSA key and the certificate that goes with it.")
    page = f"SimpleNotificationService-{certificate.fingerprint(hashes.SHA256()).hex()[:32]}.pem"
    return _Pair(key, certificate.public_bytes(serialization.Encoding.PEM), page)
