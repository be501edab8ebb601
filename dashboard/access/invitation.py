"""How a class finds the server: its address on the network, in large letters and as a QR code."""

import io
import socket
from urllib.parse import urlsplit

import pyfiglet
import segno

from dashboard.access.protection import is_loopback


def network_address() -> str:
    """This machine's own address on the network; 127.0.0.1 if it is on none.

    Nothing is sent: the system only says from which address it would send to a private network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def class_url(url: str) -> str:
    """The address of the server that `url` leads to, as other machines can reach it.

    `http://localhost:8501/train` -> `http://10.0.0.5:8501`.
    """
    parts = urlsplit(url)
    if not is_loopback(parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{network_address()}{port}"


def qr_svg(url: str) -> str:
    """The QR code of `url`, black on white in both themes, as an SVG picture."""
    return str(segno.make(url, micro=False).svg_inline(scale=8, dark="#000000", light="#FFFFFF"))


def qr_text(url: str) -> str:
    """The QR code of `url` for a terminal, in half blocks, light on dark or dark on light."""
    text = io.StringIO()
    segno.make(url, micro=False).terminal(text, compact=True)
    return text.getvalue()


def large_letters(words: str, columns: int) -> str:
    """`words` in letters of four lines, or as they are if the terminal has too few columns."""
    drawn = pyfiglet.figlet_format(words, font="smblock", width=1000).rstrip()
    return drawn if max(map(len, drawn.splitlines())) <= columns else words
