"""What a screen pop tells of the client before the first word, and what can be done on it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.company import FISH, FISH_PHONE, SITE, SITE_LABEL, VASILISA
from tests.e2e.house import House, expect_pop, pop

UNKNOWN = "79000000399"


def test_a_withheld_number_is_said_and_cannot_be_called_back(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("withheld-1", "INCOMING", "vasilisa", phone="anonymous")
    card = pop(hers, "withheld-1")
    expect(card).to_contain_text("номер скрыт")
    expect(card.locator("form, [data-copy]")).to_have_count(0)
    house.push("withheld-1", "CANCELLED", "vasilisa", phone="anonymous")
    row = hers.locator('#today [data-callid="withheld-1"]')
    expect(row).to_contain_text("Номер скрыт")
    expect(row.locator("form")).to_have_count(0)


def test_a_known_client_has_a_name_a_responsible_and_last_talks(house: House) -> None:
    house.history("fish-before", "ivan", phone=FISH_PHONE, duration="75")
    hers = house.open(VASILISA)
    house.push("fish-1", "INCOMING", "vasilisa", phone=FISH_PHONE, diversion=SITE)
    card = pop(hers, "fish-1")
    expect(card.locator("[data-who]")).to_have_text(FISH)
    expect(card).to_contain_text("+7 900 000-02-11")
    expect(card).to_contain_text(SITE_LABEL)
    expect(card).to_contain_text("Иван Царевич")
    talk = card.locator(".talks li", has_text="1:15")
    expect(talk).to_contain_text("Иван Царевич")
    card.locator('a[href^="/contacts/"]').click()
    expect(hers.get_by_role("heading", name=FISH).first).to_be_visible()
    expect_pop(hers, "fish-1", "ringing")


def test_a_contact_made_on_the_pop_names_it_at_once(house: House) -> None:
    hers, second_tab = house.open(VASILISA), house.open(VASILISA, "/calls")
    house.push("new-1", "INCOMING", "vasilisa", phone=UNKNOWN)
    card = pop(hers, "new-1")
    expect(card.locator("[data-who]")).to_have_text("+7 900 000-03-99")
    card.locator("[name=name]").fill("Волк Серый")
    house.push("new-1", "ACCEPTED", "vasilisa", phone=UNKNOWN)  # what was typed outlives the change
    expect_pop(hers, "new-1", "talking")
    expect(card.locator("[name=name]")).to_have_value("Волк Серый")
    card.locator('form[action="/contacts"] button').click()
    for page in (hers, second_tab):
        expect(pop(page, "new-1").locator("[data-who]")).to_have_text("Волк Серый")
    expect(card.locator("form")).to_have_count(0)


def test_a_hidden_pop_stays_hidden_in_this_tab_only(house: House) -> None:
    hers, second_tab = house.open(VASILISA), house.open(VASILISA)
    house.push("hide-1", "INCOMING", "vasilisa")
    expect_pop(second_tab, "hide-1", "ringing")
    pop(hers, "hide-1").locator("[data-hide]").click()
    house.push("hide-1", "ACCEPTED", "vasilisa")
    expect_pop(second_tab, "hide-1", "talking")
    expect(pop(hers, "hide-1")).to_have_count(0)
