"""Pictures that stand for thumbnails where there is no network: a paper's first page, as a card."""

import hashlib
import io
from pathlib import Path
from typing import Final

import simcord
from PIL import Image, ImageColor, ImageDraw, ImageFont

from bot.domain.papers import Paper
from bot.rendering.latex import readable

SIZE: Final = (640, 336)
"""The proportions of Hugging Face's preview cards."""

_FONT: Final = (
    Path(simcord.__file__).parent / "preview" / "static" / "fonts" / "noto-sans-latin-v2.015.ttf"
)
_LINES: Final = 4
_MARGIN: Final = 44


def paper_picture(paper: Paper) -> bytes:
    """A PNG with the paper's title and id, in a colour of its own: the same for the same paper."""
    hue = hashlib.sha256(str(paper.id).encode()).digest()[0] * 360 // 256
    picture = Image.new("RGB", SIZE, ImageColor.getrgb(f"hsl({hue}, 45%, 32%)"))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((18, 18, 622, 318), radius=18, fill="#ffffff")
    draw.rounded_rectangle((18, 18, 34, 318), radius=8, fill=f"hsl({hue}, 60%, 52%)")
    title = _font(46, "Bold")
    y = 36.0
    for line in _wrapped(readable(paper.title), title, SIZE[0] - 2 * _MARGIN - 10):
        draw.text((_MARGIN + 10, y), line, font=title, fill="#1f2328")
        y += 56
    draw.text(
        (_MARGIN + 10, 270),
        f"arXiv {paper.id}",
        font=_font(28, "Medium"),
        fill=f"hsl({hue}, 50%, 38%)",
    )
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


def _font(size: int, weight: str) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(_FONT, size)
    font.set_variation_by_name(weight)
    return font


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """`text` in lines that fit; the last one says with an ellipsis that there was more."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [lines[_LINES - 1].rstrip(":,.") + " …"]
    return lines
