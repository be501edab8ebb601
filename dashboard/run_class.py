"""Start the server for a class: `make run-class`, or `python -m dashboard.run_class`.

Listens on the network, and shows what the class needs to come in: address, QR code, password.
"""

import argparse
import hmac
import os
import shutil
import sys

import streamlit as st

from core.config.settings import VARIABLES, settings
from core.runs import RunStore
from dashboard.access.invitation import class_url, large, network_address, qr_text
from dashboard.access.protection import Guard, guard, refuse_wrong_settings
from dashboard.access.signing_key import folder_key

_CONSONANTS = "bdfghklmnprstvz"
_VOWELS = "aeiou"
_CLASS_SYLLABLES = 6  # 75**6, 37 bits: the door allows some ten thousand tries a day
_TEACHER_SYLLABLES = 10
_CLEAR = "\033[2J\033[3J\033[H"  # what was scrolled away too


def main() -> None:
    """Settle the passwords, show the teacher's to the teacher and the rest to all, and serve."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.run_class", description=__doc__)
    parser.add_argument("--port", type=int, default=st.get_option("server.port"))
    port = parser.parse_args().port
    refuse_wrong_settings()
    if guard() is not Guard.PROVIDER:
        _settle_passwords()
    print(_invite(_address(port)), flush=True)

    from dashboard.app import app

    own = network_address()
    app.run(config={"server.address": "0.0.0.0", "server.port": port, "browser.serverAddress": own})


def _settle_passwords() -> None:
    """Keep passwords that are set; otherwise derive some from the runs folder's key.

    So they are the same the next time, and nobody who came in must come in again.
    """
    if not settings().class_password:
        os.environ[VARIABLES["class_password"]] = _password("class", _CLASS_SYLLABLES)
    if settings().teacher_password:
        return
    os.environ[VARIABLES["teacher_password"]] = _password("teacher", _TEACHER_SYLLABLES)
    print(
        "For the teacher alone: come in with the password\n\n"
        f"    {settings().teacher_password}\n\n"
        "to stop, change and delete everyone's runs. (DIGITLAB_TEACHER_PASSWORD sets another.)\n",
        flush=True,
    )
    if sys.stdin.isatty():
        input("Press Enter to clear the screen, show the class how to come in, and start. ")
        print(_CLEAR, end="")


def _password(whose: str, syllables: int) -> str:
    """Syllables of a consonant and a vowel, by twos: "bado-kemi-sutu"."""
    number = int.from_bytes(hmac.digest(folder_key(RunStore().root), whose.encode(), "sha256"))
    letters = []
    for _ in range(syllables):
        number, consonant = divmod(number, len(_CONSONANTS))
        number, vowel = divmod(number, len(_VOWELS))
        letters.append(_CONSONANTS[consonant] + _VOWELS[vowel])
    return "-".join("".join(letters[start : start + 2]) for start in range(0, syllables, 2))


def _address(port: int) -> str:
    """Where the class comes in: where the provider sends people back to, or this machine."""
    if guard() is Guard.PROVIDER:
        return class_url(st.secrets["auth"]["redirect_uri"])
    return class_url(f"http://localhost:{port}")


def _invite(url: str) -> str:
    columns = shutil.get_terminal_size().columns
    lines = [qr_text(url), large(url.partition("://")[2], columns), "", f"    {url}", ""]
    if guard() is Guard.PASSWORD:
        lines += [f"    password: {settings().class_password}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
