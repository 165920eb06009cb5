"""The key that notifications are signed with: kept, guarded, and its certificate shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from eventyard.clock import ManualClock
from eventyard.errors import Broken, InvalidRequest
from eventyard.topics import Signer
from eventyard.topics.signing import FILE


def public(signer: Signer) -> rsa.RSAPublicKey:
    pem = signer.certificate(signer.path)
    assert pem is not None
    assert b"PRIVATE" not in pem
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def test_signatures_fit_the_certificate() -> None:
    signer = Signer(None, ManualClock())
    for version, algorithm in (("1", hashes.SHA1()), ("2", hashes.SHA256())):
        signature = signer.sign(version, "Message\nhü\n")
        assert signer.sign(version, "Message\nhü\n") == signature
        public(signer).verify(base64.b64decode(signature), "Message\nhü\n".encode(), padding.PKCS1v15(), algorithm)


def test_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    one, two = Signer(tmp_path, ManualClock()), Signer(tmp_path, ManualClock())
    assert one.path == two.path
    assert one.sign("2", "x") == two.sign("2", "x")
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_keys_of_two_servers_have_two_addresses() -> None:
    one, two = Signer(None, ManualClock()), Signer(None, ManualClock())
    assert one.path != two.path
    assert one.certificate(two.path) is None


def test_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    assert Signer(tmp_path, ManualClock()).path
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(InvalidRequest, match="chmod 600"):
        Signer(tmp_path, ManualClock()).sign("1", "x")


@pytest.mark.parametrize("damage", ["nothing", "half", "foreign"])
def test_file_that_holds_no_key_with_its_certificate_is_not_used(tmp_path: Path, damage: str) -> None:
    assert Signer(tmp_path, ManualClock()).path
    file = tmp_path / FILE
    content = file.read_bytes()
    key, certificate = content.split(b"-----BEGIN CERTIFICATE")
    if damage == "foreign":
        other = tmp_path / "other"
        other.mkdir()
        assert Signer(other, ManualClock()).path
        certificate = (other / FILE).read_bytes().split(b"-----BEGIN CERTIFICATE")[1]
        file.write_bytes(key + b"-----BEGIN CERTIFICATE" + certificate)
    else:
        file.write_bytes(b"" if damage == "nothing" else key)
    with pytest.raises(Broken):
        Signer(tmp_path, ManualClock()).sign("1", "x")
