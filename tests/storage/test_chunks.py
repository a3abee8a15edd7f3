from bot.storage.chunks import VALUES_PER_STATEMENT, chunks


def test_every_value_is_in_one_piece_and_no_piece_is_too_long() -> None:
    values = [*range(1201), *range(1201)]

    pieces = list(chunks(values))

    assert [value for piece in pieces for value in piece] == list(range(1201))
    assert max(len(piece) for piece in pieces) <= VALUES_PER_STATEMENT


def test_nothing_makes_no_piece() -> None:
    assert list(chunks([])) == []
