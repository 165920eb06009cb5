"""What the operator decides: where to listen, where to keep data, who may ask. Checked before anything is opened."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal

import msgspec

from eventyard.errors import InvalidRequest

#: The ARNs of the buses that an event was on are kept with it, so there must be an end.
MOST_HOPS = 10
#: Organizations API reference, "Organization".
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


class _Key(msgspec.Struct, frozen=True):
    secret: str
    account: str


class Settings(msgspec.Struct, frozen=True):
    """``data``: the directory for everything durable, or None to keep all in memory. ``credentials``: a JSON file of
    access keys, ``{"KEY ID": {"secret": "...", "account": "123456789012"}}``, or the same as TOML if its name ends in
    ``.toml``; with it every request must be signed.
    ``retention_days``/``retention_bytes``: how long and how much each bus's log keeps. ``retention_fates``: how many
    fates of events, and attempts to deliver them, are kept, no longer than ``retention_days``.
    ``bus_hops``: how often an event may be sent on from one event bus to another; on AWS it is once.
    ``stream_limits``: whether shards are held to what AWS lets them take and give in a second.
    ``allow_network``: private networks (CIDR) that API destinations and targets outside may be in.
    ``functions``: whether users may bring code that this server runs, as its own user; in development they may.
    ``organization``: organizations and their member accounts, ``o-exampleorg1=111122223333,444455556666``.
    ``host_name``: names by which the server is addressed, beside those of loopback; any where requests are signed.
    ``behind_proxy``: all requests come through a proxy that has TLS and adds the address of who asks to
    X-Forwarded-For; policies are held to its word."""

    host: str = "127.0.0.1"
    port: int = 4010
    data: Path | None = None
    dev: bool = False
    credentials: Path | None = None
    relay_origin: tuple[str, ...] = ()
    retention_days: float = 7
    retention_bytes: int | None = None
    retention_fates: int = 1_000_000
    bus_hops: int = 1
    stream_limits: bool = False
    allow_network: tuple[str, ...] = ()
    functions: bool = False
    organization: tuple[str, ...] = ()
    host_name: tuple[str, ...] = ()
    behind_proxy: bool = False
    log_format: Literal["json", "console"] = "json"

    def check(self) -> None:
        """Raises InvalidRequest for settings that must not, or can't, be served with."""
        if not is_loopback(self.host) and self.credentials is None:
            raise InvalidRequest(
                f"Refusing to listen on {self.host} without authentication: anybody who reaches it could read and "
                "change everything. Give access keys with --credentials FILE, or listen on 127.0.0.1."
            )
        if self.dev and not is_loopback(self.host):
            raise InvalidRequest("A development server listens on loopback only. Leave out --host, or use `serve`.")
        if not 0 <= self.port <= 65_535:
            raise InvalidRequest(f"A port is a number from 0 to 65535, not {self.port}.")
        if self.retention_days <= 1:
            raise InvalidRequest("--retention-days must be more than 1: retries go on for 24 hours.")
        if self.retention_bytes is not None and self.retention_bytes <= 0:
            raise InvalidRequest("--retention-bytes must be more than 0.")
        if self.retention_fates <= 0:
            raise InvalidRequest("--retention-fates must be more than 0.")
        if not 1 <= self.bus_hops <= MOST_HOPS:
            raise InvalidRequest(f"--bus-hops takes a number from 1 to {MOST_HOPS}, not {self.bus_hops}.")
        for text in self.allow_network:
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise InvalidRequest(f"--allow-network takes a network like 10.1.0.0/16: {error}.") from error
        self.organizations()
        self.keys()

    def organizations(self) -> dict[str, str]:
        """The id of the organization of each account that is in one."""
        found: dict[str, str] = {}
        for text in self.organization:
            id, _, accounts = text.partition("=")
            for account in accounts.split(","):
                if not _ORGANIZATION.fullmatch(id) or not (len(account) == 12 and account.isdecimal()):
                    raise InvalidRequest(
                        f"--organization takes an id and accounts, o-exampleorg1=111122223333,444455556666, not {text}."
                    )
                if found.setdefault(account, id) != id:
                    raise InvalidRequest(f"--organization names account {account} in two organizations.")
        return found

    def keys(self) -> dict[str, tuple[str, str]] | None:
        """Secret and account by access key id; None without authentication."""
        if self.credentials is None:
            return None
        try:
            decode = msgspec.toml.decode if self.credentials.suffix == ".toml" else msgspec.json.decode
            keys = decode(self.credentials.read_bytes(), type=dict[str, _Key])
        except OSError as error:
            raise InvalidRequest(f"Can't read the credentials in {self.credentials}: {error.strerror}.") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InvalidRequest(
                f"The credentials in {self.credentials} are not as they should be: {error}."
            ) from error
        if not keys:
            raise InvalidRequest(f"There is no access key in {self.credentials}, so nobody could sign a request.")
        for name, key in keys.items():
            if not (len(key.account) == 12 and key.account.isdecimal()) or len(key.secret) < 16:
                raise InvalidRequest(
                    f"Access key {name} in {self.credentials} needs an account of 12 digits and a secret of at least "
                    "16 letters."
                )
        return {name: (key.secret, key.account) for name, key in keys.items()}


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
