"""Stripe posts that a charge has succeeded, and a function of ours hears of it.

    .venv/bin/python examples/stripe/run.py

Starts a server of its own, applies serverless.yml, makes the webhook, and posts charge_succeeded.json as Stripe would:
signed by hand, the way Stripe's documentation describes it.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
SECRET = "whsec_of_the_endpoint_in_the_dashboard"


def stripe_posts(url: str, body: bytes, secret: str) -> str:
    """What is answered. Source: Stripe's documentation, "Verify webhook signatures manually"."""
    at = str(int(time.time()))
    signature = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": f"t={at},v1={signature}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def main() -> None:
    if importlib.util.find_spec("eventyard") is None:
        raise SystemExit(
            f"{sys.executable} has no Eventyard. Run `make setup` in the checkout once, then "
            ".venv/bin/python examples/stripe/run.py."
        )
    with tempfile.TemporaryDirectory() as scratch:
        ledger = Path(scratch) / "ledger.txt"
        ledger.touch()
        log = Path(scratch) / "log"
        environment = os.environ | {"LEDGER": str(ledger)}
        eventyard = [sys.executable, "-m", "eventyard"]

        def run(*words: str, told: str = "") -> None:
            command = [*eventyard, *words, "--endpoint", url]
            subprocess.run(command, cwd=HERE, env=environment, input=told, text=True, check=True, timeout=120)

        server = subprocess.Popen(
            [*eventyard, "dev", "--port", "0", "--data", f"{scratch}/data"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )
        try:
            assert server.stdout is not None
            urls = (line.strip().rpartition("=")[2] for line in server.stdout if "AWS_ENDPOINT_URL=" in line)
            url = next(urls, "")
            if not url:
                raise SystemExit(f"The server does not start: {log.read_text()}")
            run("apply", "serverless.yml", "--yes")
            add = ("webhooks", "add", "stripe", "--provider", "stripe", "--bus", "payments", "--secret", "-")
            run(*add, told=SECRET)

            body = (HERE / "charge_succeeded.json").read_bytes()
            hook = f"{url}/webhooks/stripe"
            print("Stripe posts a charge:       ", stripe_posts(hook, body, SECRET))
            print("Stripe posts it again:       ", stripe_posts(hook, body, SECRET))
            print("Somebody else posts a charge:", stripe_posts(hook, body, "whsec_guessed"))

            end = time.monotonic() + 60
            while not ledger.read_text() and time.monotonic() < end:
                time.sleep(0.05)
            print("The ledger says:             ", ledger.read_text().strip() or "nothing, which is not right")
            if not ledger.read_text():
                raise SystemExit(1)
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
