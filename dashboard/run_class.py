"""Start the server for a class: `make run-class`, or `python -m dashboard.run_class`.

It listens on the network, and prints what the class needs: address, QR code and password.
"""

import argparse
import hmac
import os
import shutil
import sys

import streamlit as st

from core.config.settings import ENVIRONMENT_VARIABLES, settings
from core.runs import RunStore
from dashboard.access.invitation import class_url, large_letters, network_address, qr_text
from dashboard.access.protection import Guard, guard, refuse_wrong_settings
from dashboard.access.signing_key import load_signing_key

_SYLLABLES = [consonant + vowel for vowel in "aeiou" for consonant in "bdfghklmnprstvz"]
_CLASS_SYLLABLES = 6  # 75**6, 37 bits: the door allows an address 1,500 tries a day
_TEACHER_SYLLABLES = 10
_CLEAR = "\033[2J\033[3J\033[H"  # the lines above the screen too


def main() -> None:
    """Set the passwords, print the teacher's for the teacher and the rest for all, and serve."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.run_class", description=__doc__)
    parser.add_argument("--port", type=int, default=st.get_option("server.port"))
    port = parser.parse_args().port
    refuse_wrong_settings()
    if guard() is not Guard.PROVIDER:
        _set_passwords()
    print(_invite(port), flush=True)

    from dashboard.app import app

    own = network_address()
    app.run(config={"server.address": "0.0.0.0", "server.port": port, "browser.serverAddress": own})


def _set_passwords() -> None:
    """Set the passwords that are missing. They follow from the runs folder's key.

    So they are the same after a restart, and nobody has to log in again.
    """
    if not settings().class_password:
        os.environ[ENVIRONMENT_VARIABLES["class_password"]] = _derive_password(
            "class", _CLASS_SYLLABLES
        )
    if settings().teacher_password:
        return
    os.environ[ENVIRONMENT_VARIABLES["teacher_password"]] = _derive_password(
        "teacher", _TEACHER_SYLLABLES
    )
    print(
        "For the teacher alone: come in with the password\n\n"
        f"    {settings().teacher_password}\n\n"
        "to stop, change and delete everyone's runs. (DIGITLAB_TEACHER_PASSWORD sets another.)\n",
        flush=True,
    )
    if sys.stdin.isatty():
        input("Press Enter to clear the screen, show the class how to come in, and start. ")
        print(_CLEAR, end="")


def _derive_password(role: str, syllables: int) -> str:
    """Syllables of a consonant and a vowel, two to a word: "bado-kemi-sutu"."""
    key = load_signing_key(RunStore().root)
    number = int.from_bytes(hmac.digest(key, role.encode(), "sha256"))
    drawn = []
    for _ in range(syllables):
        number, index = divmod(number, len(_SYLLABLES))
        drawn.append(_SYLLABLES[index])
    return "-".join(map("".join, zip(drawn[::2], drawn[1::2], strict=True)))


def _invite(port: int) -> str:
    """What a class reads: the address, that of this machine unless a provider leads elsewhere."""
    is_provided = guard() is Guard.PROVIDER
    own = f"http://localhost:{port}"
    url = class_url(st.secrets["auth"]["redirect_uri"] if is_provided else own)
    columns = shutil.get_terminal_size().columns
    lines = [qr_text(url), large_letters(url.partition("://")[2], columns), "", f"    {url}", ""]
    if not is_provided:
        lines += [f"    password: {settings().class_password}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
