"""What it costs to check a detail against its contract, for each event of the used-car example, beside jsonschema.

Run: python bench/validation.py. Prints figures; asserts only that both validators agree, never a time."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from eventyard.contract import Contract, Repository, read_repository
from eventyard.contracts.samples import samples

CARS = Path(__file__).parents[1] / "examples/cars/contracts"
ROUNDS, SECONDS = 5, 0.02


def cost(check: Callable[[Any], object], details: Sequence[Any]) -> float:
    """Microseconds of one call of ``check``, the median of some rounds over all ``details``."""
    found = []
    for _ in range(ROUNDS):
        calls, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < SECONDS:
            for detail in details:
                check(detail)
            calls += len(details)
        found.append(spent / calls * 1e6)
    return median(found)


def oracle(contract: Contract, repository: Repository) -> Callable[[Any], bool] | None:
    """jsonschema's check of the same, formats included; None if it is not installed."""
    try:
        from jsonschema import Draft202012Validator
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012
    except ImportError:
        return None
    atoms = ((url, DRAFT202012.create_resource(atom)) for url, atom in repository.atoms.items())
    checker = Draft202012Validator.FORMAT_CHECKER
    check = Draft202012Validator(contract.schema, registry=Registry().with_resources(atoms), format_checker=checker)
    valid: Callable[[Any], bool] = check.is_valid
    return valid


def main() -> None:
    repository = read_repository(CARS)
    moment = datetime.now(UTC).strftime("%Y-%m-%d")
    version = importlib.metadata.version("jsonschema-rs")
    print(f"{moment}, {platform.machine()}, Python {platform.python_version()}, jsonschema-rs {version}")
    print(f"{'µs for one detail':28}{'example':>9}{'samples':>9}{'+ parsing':>11}{'jsonschema':>12}{'ratio':>8}")
    worst = 0.0
    for contract in repository.contracts:
        check = repository.validator(contract).is_valid
        shown = [example.detail for example in contract.examples]
        made = samples(contract, repository, 100)
        texts = [orjson.dumps(each) for each in made]
        theirs = oracle(contract, repository)
        example, sampled = cost(check, shown), cost(check, made)
        parsed = cost(lambda text, check=check: check(orjson.loads(text)), texts)
        worst = max(worst, example, sampled)
        line = f"{contract.type + ' ' + str(contract.version):28}{example:9.2f}{sampled:9.2f}{parsed:11.2f}"
        if theirs is None:
            print(f"{line}{'-':>12}{'-':>8}")
            continue
        for each in (*shown, *made):
            assert check(each) is theirs(each) is True, f"{contract.name}: the validators differ on {each}"
        slow = cost(theirs, made)
        print(f"{line}{slow:12.0f}{slow / sampled:7.0f}x")
    print(f"the dearest costs {worst:.2f} µs")


if __name__ == "__main__":
    main()
