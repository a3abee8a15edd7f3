"""How long reading takes: digests in Markdown and answers of the API, beside reading bytes alone.

    python -m benchmarks.reading [--days 357] [--seed 1]

The digests and answers are made up here, in the shape of real ones: as many papers a day, names
a paper and bullets a paper, sentences as long, Korean with Latin terms. Times are of this
machine, the best of five, since other programs only ever add; what travels is the ratios.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import orjson
from markdown_it import MarkdownIt

from bot.sources.http import Answer
from bot.sources.huggingface import read_page
from bot.sources.markdown import read_digests

_VOCABULARY = """
모델은 데이터를 기반으로 학습하며 새로운 방법을 제안합니다 연구에서는 성능이 크게 향상되었음을
기존의 한계를 극복하기 위해 다양한 실험을 수행하고 결과를 분석하였습니다 특히 긴 문맥에서
효율적인 추론을 가능하게 하는 구조를 소개합니다

Transformer diffusion reward policy benchmark LoRA token attention MoE RLHF VLM

Ada Emil Mina Tomas Yuki Noor Lena Igor Sofia Wei Jun Amal Petra Olu Rina Marc Hana Émile

Novak Okoro Tanaka Silva Lindqvist Haddad Moreau Kovacs Petrov Ruiz Meyer Zhou Chen

we study how a model learns to wait for its data and show that patience improves the result on
long documents while the cost of training stays the same as before
"""
_KOREAN, _TERMS, _GIVEN, _FAMILY, _WORDS = map(str.split, _VOCABULARY.split("\n\n"))

ROUNDS = 5


def main() -> None:
    """Make the files, time each way of reading them, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AS_WRITTEN)
    parser.add_argument("--days", type=int, default=357)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        _digests(Path(folder), options.days, chance)
        _answers(Path(folder), options.days // 4, chance)


def _digests(folder: Path, days: int, chance: random.Random) -> None:
    paths = []
    for number in range(days):
        day = date(2024, 1, 1) + timedelta(days=number)
        paths.append(folder / f"{day}.md")
        paths[-1].write_text(a_digest(day, chance), encoding="utf-8")
    papers = sum(len(r.digest) for p in paths for r in read_digests(p.read_bytes(), name=p.name))
    size = sum(path.stat().st_size for path in paths)
    print(f"{days} digests, {papers} papers, {size / 1e6:.2f} MB")

    markdown_it = MarkdownIt()

    def decoded() -> None:
        for path in paths:
            path.read_bytes().decode()

    def ours() -> None:
        for path in paths:
            read_digests(path.read_bytes(), name=path.name)

    def library() -> None:
        for path in paths:
            markdown_it.parse(path.read_bytes().decode())

    base = _show("bytes", lambda: [path.read_bytes() for path in paths])
    base = _show("bytes, decoded", decoded, of=base)
    read = _show("our reader", ours, of=base, papers=papers)
    _show("markdown-it-py, tokens alone", library, of=base, papers=papers, rounds=2, beside=read)


def _answers(folder: Path, days: int, chance: random.Random) -> None:
    paths = []
    for number in range(days):
        paths.append(folder / f"{number}.json")
        paths[-1].write_bytes(orjson.dumps([an_entry(chance) for _ in range(20)]))
    papers = days * 20
    size = sum(path.stat().st_size for path in paths)
    print(f"\n{days} answers, {papers} papers, {size / 1e6:.2f} MB")

    def loaded() -> None:
        for path in paths:
            orjson.loads(path.read_bytes())

    def ours() -> None:
        for path in paths:
            read_page(Answer(200, {}, path.read_bytes()), 0)

    base = _show("bytes", lambda: [path.read_bytes() for path in paths])
    base = _show("bytes, orjson.loads", loaded, of=base)
    _show("our reader", ours, of=base, papers=papers)


def _show(
    name: str,
    read: Callable[[], object],
    *,
    of: float | None = None,
    papers: int | None = None,
    rounds: int = ROUNDS,
    beside: float | None = None,
) -> float:
    """Print the time of `read`, as a multiple of `of`, and return it."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
    best = min(times)
    line = f"  {name:<30} {best * 1000:9.1f} ms"
    if of is not None:
        line += f"  {best / of:6.1f} x"
    if papers is not None:
        line += f"  {papers / best:9,.0f} papers/s"
    if beside is not None:
        line += f"  {best / beside:6.1f} times our reader"
    print(line)
    return best


def a_digest(day: date, chance: random.Random) -> str:
    """A day's digest as Markdown: 1 to 35 papers, mostly labelled bullets."""
    papers = min(35, max(1, round(chance.gauss(15, 7))))
    blocks = [f"## Daily Papers ({day})"]
    for _ in range(papers):
        paper_id = _paper_id(chance)
        title = " ".join(_words(chance, 10)).title()
        blocks += [
            f"### [{title}](https://arxiv.org/abs/{paper_id})",
            f"![](https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{paper_id}.png)",
            f"Vote: {chance.randint(0, 120)}",
            f"Authors: {', '.join(_names(chance))}",
            "\n".join(f"- {bullet}" for bullet in _bullets(chance)),
        ]
    return "\n\n".join(blocks) + "\n"


def an_entry(chance: random.Random) -> dict[str, object]:
    """An entry as the API gives it, with the fields that are and that are not read."""
    title = " ".join(_words(chance, 10)).title()
    abstract = "\n".join(" ".join(_words(chance, 12)) + "." for _ in range(14))
    avatar = {"avatarUrl": "/avatars/a.svg", "isPro": False, "user": "reader", "type": "user"}
    return {
        "paper": {
            "id": _paper_id(chance),
            "authors": [
                {"_id": f"{n:024x}", "name": name, "hidden": False, "user": avatar}
                for n, name in enumerate(_names(chance))
            ],
            "title": title,
            "summary": abstract,
            "upvotes": chance.randint(0, 120),
            "githubRepo": "https://github.com/example/waiting",
            "githubStars": chance.randint(0, 5000),
            "ai_summary": " ".join(_words(chance, 25)) + ".",
            "ai_keywords": _words(chance, 8),
            "submittedOnDailyBy": avatar,
        },
        "title": title,
        "summary": abstract,
        "mediaUrls": ["https://cdn-uploads.huggingface.co/production/uploads/a.png"],
        "submittedBy": avatar,
    }


def _bullets(chance: random.Random) -> Iterator[str]:
    for _ in range(chance.randint(2, 6)):
        words = [
            chance.choice(_TERMS) if chance.random() < 0.12 else chance.choice(_KOREAN)
            for _ in range(chance.randint(15, 50))
        ]
        label = f"***{chance.choice(_TERMS)}***: " if chance.random() < 0.5 else ""
        yield f"{label}{' '.join(words)}."


def _names(chance: random.Random) -> list[str]:
    names = (
        f"{chance.choice(_GIVEN)} {chance.choice('ABCDEFGH')}. {chance.choice(_FAMILY)}"
        for _ in range(min(60, 1 + int(chance.expovariate(1 / 7))))
    )
    return list(dict.fromkeys(names))


def _words(chance: random.Random, about: int) -> list[str]:
    return [chance.choice(_WORDS) for _ in range(chance.randint(about - 3, about + 3))]


def _paper_id(chance: random.Random) -> str:
    return f"{chance.randint(2301, 2312)}.{chance.randint(0, 99999):05}"


_AS_WRITTEN = argparse.RawDescriptionHelpFormatter

if __name__ == "__main__":
    main()
