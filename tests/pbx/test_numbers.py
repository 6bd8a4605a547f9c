"""Phone numbers as PBXs and people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pbx.numbers import dialable, normalise, pretty, region_of


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("8 (910) 123-45-67", "+79101234567"),
        ("79101234567", "+79101234567"),
        ("+7 910 123 45 67", "+79101234567"),
        ("910 123-45-67", "+79101234567"),
        ("89101234567", "+79101234567"),
        ("8 800 000-35-35", "+78000003535"),
        ("+375 29 123-45-67", "+375291234567"),
        ("375291234567", "+375291234567"),
        ("810375291234567", "+375291234567"),
        ("00375291234567", "+375291234567"),
        ("+49 30 901820", "+4930901820"),
        ("8 (495) 123-45-67 доб. 12", "+74951234567"),
        (" 79000000025", "+79000000025"),
        (" 4930901820", "+4930901820"),
        ("998901234567", "+998901234567"),
        ("12125551234", "+12125551234"),
    ],
)
def test_a_number_becomes_e164(raw, value):
    assert normalise(raw) == ("e164", value)


@pytest.mark.parametrize(
    ("raw", "region", "value"),
    [
        ("80291234567", "BY", "+375291234567"),
        ("375291234567", "BY", "+375291234567"),
        ("0501234567", "UA", "+380501234567"),
        ("87011234567", "KZ", "+77011234567"),
        ("030 901820", "DE", "+4930901820"),
        ("79101234567", "BY", "+79101234567"),
    ],
)
def test_a_national_form_is_read_in_the_country_of_our_number(raw, region, value):
    assert normalise(raw, region) == ("e164", value)


@pytest.mark.parametrize(("raw", "value"), [("101", "101"), ("*77", "77"), ("12", "12"), ("7001", "7001")])
def test_two_to_four_digits_are_internal(raw, value):
    assert normalise(raw) == ("internal", value)


@pytest.mark.parametrize(
    "raw", [None, "", "  ", "anonymous", "Anonymous", "unknown", "restricted", "PRIVATE"]
)
def test_a_withheld_number_has_no_value(raw):
    assert normalise(raw) == ("withheld", "")


@pytest.mark.parametrize(
    "raw", ["1234567", "5", "sip:ivan@example", "٧٩١٠١٢٣٤٥٦٧", "+7 910 123 45 6", "12345"]
)
def test_what_cannot_be_understood_stays_as_it_came(raw):
    assert normalise(raw) == ("other", raw)


def test_a_monstrous_number_is_cut():
    assert normalise(" " + "9" * 5000) == ("other", "9" * 64)


@given(
    st.text(alphabet="0123456789+ -()anonymous٣", max_size=70),
    st.sampled_from(["RU", "BY", "KZ", "DE", "US"]),
)
def test_a_normalised_number_stays_itself_everywhere(raw, region):
    kind, value = normalise(raw, region)
    if kind == "e164":
        assert normalise(value, "RU") == (kind, value)
        assert dialable(raw, region) == value[1:]
    assert len(value) <= 64
    assert pretty(value) or not value


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("74950000001", "RU"),
        ("88000000002", "RU"),
        ("77011234567", "KZ"),
        ("375291234567", "BY"),
        ("+380501234567", "UA"),
        ("101", None),
        ("anonymous", None),
        (None, None),
    ],
)
def test_our_own_number_tells_its_country(raw, region):
    assert region_of(raw) == region


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("+79101234567", "+7 910 123-45-67"),
        ("+375291234567", "+375 29 123-45-67"),
        ("+4930901820", "+49 30 901820"),
        ("101", "101"),
        ("", ""),
        ("sip:ivan", "sip:ivan"),
    ],
)
def test_a_number_is_written_as_people_write_it(value, text):
    assert pretty(value) == text


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        ("+79101234567", "79101234567"),
        ("8 (910) 123-45-67", "79101234567"),
        ("101", "101"),
        ("123-45-67", "1234567"),
        ("anonymous", ""),
        ("", ""),
        ("call me", ""),
        ("+7 910 123 45 6", ""),
        ("9" * 30, ""),
    ],
)
def test_the_pbx_is_asked_to_dial_digits_or_nothing(value, digits):
    assert dialable(value) == digits
