"""What a worker must have in common with the server: the project's code, and TensorFlow."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def versions() -> dict[str, str]:
    """The versions of this process by name: TensorFlow's, and a digest of the code in `core`.

    Twelve hexadecimal digits of the SHA-256 of every Python file in `core`: what a run directory
    means, and the weights that a seed ends in, may change with any of them.
    """
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return {"Digit Lab": f"code {digest.hexdigest()[:12]}", "TensorFlow": version("tensorflow")}


def compare_versions(theirs: dict[str, str]) -> str | None:
    """A sentence's part that says in what another process differs from this one; None if in
    nothing."""
    for name, ours in versions().items():
        found = theirs.get(name, "none")
        if found != ours:
            return f"it has {name} {found}, and this server {ours}"
    return None
