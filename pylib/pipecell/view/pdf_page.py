"""One page of PDF: its operators, its fonts, its file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from pipecell.view.theme import Mark, ink_of

PLAIN, BOLD, SIGNS = "F1", "F2", "F3"
_FONTS = {PLAIN: "Helvetica", BOLD: "Helvetica-Bold", SIGNS: "ZapfDingbats"}
# Where ZapfDingbats has the signs of states (PDF 32000-1, annex D.6).
_DINGBATS = {"✓": "3", "✕": "5", "●": "l", "◔": "l", "○": "m", "■": "n", "◼": "n", "▲": "s"}
_WORDS = {"≥": ">=", "≤": "<=", "→": "->", "↺": "", "≈": "~", "✕": "x", "✓": "", "●": "", "○": ""}
_REUSED = "r"  # no font that every reader has holds the arrow of a reused step


class Page:
    """The operators of one page, in pixels from its upper left corner."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def colour(self, ink: str) -> None:
        """Fill and draw in a colour of the theme from now on."""
        parts = " ".join(f"{int(ink_of(ink, 'light')[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))
        self.said.append(f"{parts} rg {parts} RG")

    def box(self, x: float, y: float, width: float, height: float, how: str) -> None:
        """Draw a rectangle: ``f`` fills it, ``S`` draws its outline."""
        self.said.append(f"{x:.1f} {y:.1f} {width:.1f} {height:.1f} re {how}")

    def path(self, points: Sequence[Sequence[float]], how: str, *, curved: bool) -> None:
        """Draw a line through points, or a Bézier path of 1 + 3n of them."""
        parts = [f"{points[0][0]:.1f} {points[0][1]:.1f} m"]
        step = 3 if curved else 1
        for start in range(1, len(points) - step + 1, step):
            ends = " ".join(f"{x:.1f} {y:.1f}" for x, y in points[start : start + step])
            parts.append(f"{ends} {'c' if curved else 'l'}")
        self.said.append(f"{' '.join(parts)} {how}")

    def text(self, x: float, y: float, words: str, size: float, font: str = PLAIN) -> None:
        """Write words; ``y`` is their baseline."""
        for sign, instead in _WORDS.items():
            words = words.replace(sign, instead)
        self._show(x, y, words.strip(), size, font)

    def sign(self, x: float, y: float, mark: Mark, size: float) -> None:
        """Write the sign of a state."""
        if mark.sign in _DINGBATS:
            self._show(x, y, _DINGBATS[mark.sign], size, SIGNS)
        else:
            self._show(x, y, _REUSED if mark.sign == "↺" else mark.sign, size, BOLD)

    def _show(self, x: float, y: float, words: str, size: float, font: str) -> None:
        coded = words.encode("cp1252", "replace").hex()
        self.said.append(f"BT /{font} {size:g} Tf 1 0 0 -1 {x:.1f} {y:.1f} Tm <{coded}> Tj ET")

    def to_file(self, width: float, height: float) -> bytes:
        """Return a PDF of this page alone (PDF 32000-1, 7.5); its sizes are those of its paper."""
        content = "\n".join([f"1 0 0 -1 0 {height:.1f} cm 1 w", *self.said])
        return _file(width, height, content)


def _file(width: float, height: float, content: str) -> bytes:
    """Return a PDF of one page (PDF 32000-1, 7.5)."""
    stream = zlib.compress(content.encode("ascii"))
    fonts = {name: 5 + index for index, name in enumerate(_FONTS)}
    listed = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:.1f} {height:.1f}]/Contents 4 0 R"
        f"/Resources<</Font<<{listed}>>>>>>".encode(),
        f"<</Length {len(stream)}/Filter/FlateDecode>>\nstream\n".encode() + stream + b"\nendstream",
        *(_font(base) for base in _FONTS.values()),
    ]
    return b"".join(_parts(objects))


def _font(base: str) -> bytes:
    coding = "" if base == "ZapfDingbats" else "/Encoding/WinAnsiEncoding"
    return f"<</Type/Font/Subtype/Type1/BaseFont/{base}{coding}>>".encode()


def _parts(objects: Sequence[bytes]) -> Iterator[bytes]:
    head = b"%PDF-1.4\n"
    yield head
    at, places = len(head), []
    for number, body in enumerate(objects, 1):
        part = f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        places.append(at)
        at += len(part)
        yield part
    yield f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for place in places:
        yield f"{place:010d} 00000 n \n".encode()
    yield f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n".encode()
