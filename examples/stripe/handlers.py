"""What the shop does when it has been paid. There is no web server here, no signature and no routing."""

import os


def on_success(event, context):
    charge = event["detail"]["data"]["object"]
    line = f"{charge['id']} {charge['amount'] / 100:.2f} {charge['currency'].upper()}"
    print(f"paid: {line}")
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(f"{line}\n")
    return {"charge": charge["id"]}
