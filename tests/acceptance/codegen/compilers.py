"""Go's and Java's own compilers, where they are installed, on generated code."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: Where Debian's libjackson2-databind-java puts Jackson.
_JARS = Path("/usr/share/java")
_JACKSON = ("jackson-annotations.jar", "jackson-core.jar", "jackson-databind.jar")


def go(folder: Path, *arguments: str, given: str = "") -> str:
    """What ``go`` says in ``folder``, which is a module of its own. Skips where there is none."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    if not (folder / "go.mod").exists():
        (folder / "go.mod").write_text("module example.com/bindings\n\ngo 1.18\n")
    own = {"GOCACHE": str(folder / ".cache"), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "CGO_ENABLED": "0"}
    environment = os.environ | {"HOME": str(folder), "GOTOOLCHAIN": "local"} | own
    done = subprocess.run(
        ["go", *arguments], cwd=folder, input=given, capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def java(folder: Path, main: str = "", given: str = "") -> str:
    """Compiles all of ``folder`` and runs the class ``main``. Skips where there is no compiler or no Jackson."""
    if shutil.which("javac") is None or not all((_JARS / jar).exists() for jar in _JACKSON):
        pytest.skip("A Java compiler and Jackson are not installed")
    classpath = ":".join([str(folder / "out"), *(str(_JARS / jar) for jar in _JACKSON)])
    (folder / "out").mkdir(exist_ok=True)
    sources = [str(each) for each in folder.rglob("*.java")]
    compiler = ["javac", "-source", "8", "-target", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8"]
    command = [*compiler, "-proc:none", "-cp", classpath, "-d", str(folder / "out"), *sources]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    if not main:
        return ""
    done = subprocess.run(["java", "-cp", classpath, main], input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
