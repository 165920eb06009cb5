"""Signatures of scheme v1a of Standard Webhooks: Ed25519 (RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIZE = 32


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` of ``message`` was made with the private key of ``public`` (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(private: bytes, message: bytes) -> bytes:
    """The signature by a private key (32 bytes)."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def public_of(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
