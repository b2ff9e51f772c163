"""What a country's grammar allows, and what a decoder makes of doubtful characters under it."""

import numpy as np
import pytest

from models.errors import ModelError
from models.plates.alignment import align, likelihood, log_spacing
from models.plates.decoding import decode
from models.plates.grammar import grammar_of, grammars_of, load_countries
from models.plates.posteriors import ALPHABET, INDEX, JUNK, SILENT, Folding, Posteriors


def seen(text: str, *, doubts: dict[int, dict[str, float]] | None = None, gaps: tuple[int, ...] = ()) -> Posteriors:
    """What a network that sees `text` gives: three steps a character, wider after the positions in `gaps`."""
    rows = []
    for position, character in enumerate(text):
        row = np.full(JUNK + 1, 1e-6, np.float32)
        for other, share in (doubts or {}).get(position, {}).items():
            row[INDEX[other]] = share
        row[INDEX[character]] = 1.0 - sum((doubts or {}).get(position, {}).values())
        silence = np.full(JUNK + 1, 1e-6, np.float32)
        silence[SILENT] = 1.0
        rows += [silence, row, silence]
        rows += [silence, silence] if position in gaps else []
    return Posteriors(np.stack(rows) / np.stack(rows).sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("network", "country", "meant"),
    [
        ("H1234AB", "ID", "H1234AB"),
        ("B1Z34ABC", "ID", "B1234ABC"),
        ("81234AB", "ID", "B1234AB"),
        ("KN12CD56", "ID", None),
        ("H12S4A8", "ID", "H1254AB"),
        ("G6789G", "ID", "G6789G"),
        ("L15880", "ID", "L1588O"),
        ("34A36837", "VN", "34A36837"),
        ("34436837", "VN", "34A36837"),
        ("S9X112345", "VN", "59X112345"),
        ("RKO99AN", "EU", "RK099AN"),
        ("12", "EU", None),
    ],
)
def test_repair_by_position(network, country, meant):
    candidates = decode(seen(network), grammar_of(country))
    found = candidates[0].text if candidates and candidates[0].log_likelihood > -8 else None
    assert found == meant


def test_repair_costs_likelihood():
    grammar = grammar_of("ID")
    assert decode(seen("B1234AB"), grammar)[0].log_likelihood > decode(seen("81234AB"), grammar)[0].log_likelihood + 2


def test_an_unknown_region_is_flagged_and_kept():
    best = decode(seen("X1234AB"), grammar_of("ID"))[0]
    assert (best.text, best.known) == ("X1234AB", False)
    assert decode(seen("H1234AB"), grammar_of("ID"))[0].known


def test_a_slashed_o_of_the_suffix_leaves_q_and_d_as_alternatives():
    texts = [candidate.text for candidate in decode(seen("B1291N0J"), grammar_of("ID"))[:4]]
    assert texts[0] == "B1291NOJ"
    assert {"B1291NQJ", "B1291NDJ"} <= set(texts)


def test_beam_and_forward_algorithm_agree():
    line = seen("AA1138AK", doubts={3: {"7": 0.3}, 6: {"4": 0.2}})
    for candidate in decode(line, grammar_of("ID"))[:3]:
        assert likelihood(line, candidate.text) == pytest.approx(candidate.log_likelihood, abs=0.05)


def test_alignment_tells_what_was_seen_and_where():
    found = align(seen("B1234AB", doubts={2: {"Z": 0.4}}), "B1234AB")
    assert found.shares[2] == pytest.approx(0.6, abs=0.01)
    assert min(found.shares[:2]) > 0.99
    assert np.allclose(np.diff(found.centres), 3, atol=0.2)


def test_gaps_tell_a_number_from_a_suffix():
    gaps_after_1_and_4 = align(seen("B530OZ", gaps=(0, 3)), "B530OZ").centres
    gaps_after_1_and_5 = align(seen("B530OZ", gaps=(0, 4)), "B530OZ").centres
    assert log_spacing(gaps_after_1_and_4, (1, 3, 2)) > log_spacing(gaps_after_1_and_4, (1, 4, 1)) + 2
    assert log_spacing(gaps_after_1_and_5, (1, 4, 1)) > log_spacing(gaps_after_1_and_5, (1, 3, 2)) + 2


def test_junk_is_never_read_away():
    line = seen("B1234AB")
    junk = np.full((1, JUNK + 1), 1e-6, np.float32)
    junk[0, JUNK] = 1.0
    spoiled = Posteriors(np.concatenate([line.shares[:10], junk, line.shares[10:]]))
    assert decode(spoiled, grammar_of("ID"))[0].log_likelihood < -5


def test_folding_merges_case_and_silences_separators():
    folding = Folding(["", *"aA0 .漢"], blank=0)
    output = np.array([[0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1]], np.float32)
    shares = folding.fold(output).shares[0]
    assert shares[INDEX["A"]] == pytest.approx(0.5)
    assert shares[SILENT] == pytest.approx(0.3)
    assert shares[JUNK] == pytest.approx(0.1)
    assert shares.sum() == pytest.approx(1.0)


def test_every_known_region_fits_and_every_profile_is_usable():
    grammar = grammar_of("ID")
    for code in load_countries().lists["id_regions"].split():
        fit = grammar.fit(f"{code}1234AB")
        assert fit is not None
        assert fit.known
    assert len(load_countries().lists["id_regions"].split()) >= 55
    for country in load_countries().profiles:
        assert grammar_of(country).templates
    assert len(ALPHABET) == 36


def test_an_unknown_country_is_told():
    with pytest.raises(ModelError, match=r"no plate format for country 'XX': choose from ID, VN, EU"):
        grammars_of(["XX"])
    with pytest.raises(ModelError, match="at least one country"):
        grammars_of([])


def test_a_malformed_file_of_formats_is_told(tmp_path):
    file = tmp_path / "countries.yaml"
    file.write_text("ID: {title: x}\nlists: {}\nconfusions: {}\n")
    with pytest.raises(ModelError, match="not a usable file of plate formats"):
        load_countries(file)
