"""The check-up and the PBX client's codes in words that say what to do."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.services.checkup import Check
from app.services.connection import Probe


def pbx_reason(code: str) -> str:
    """Why the PBX did not do what was asked (codes of PbxError and of dialling)."""
    said: dict[str, str] = {
        "bad_token": _("The PBX refused the key: it is another one, or was revoked."),
        "bad_parameters": _("The PBX does not take this command or this number."),
        "bad_number": _("This does not look like a number."),
        "wrong_address": _("This is not the PBX's API: check the name before the first dot."),
        "not_https": _("The address must begin with https://."),
        "private_address": _(
            "The address is on a private network, and these are not allowed (PULT_ALLOW_PRIVATE_HOSTS)."
        ),
        "unreachable": _("No connection to the PBX: check the address and the network."),
        "no_answer": _("The PBX did not answer in time."),
        "not_json": _("A page instead of data: this is a web site's address, the API's is needed."),
        "gateway": _("The PBX or a gateway before it is out of order; try again later."),
        "not_connected": _("The PBX is not connected: the administrator enters its address and key."),
        "no_account": _("You have no user in the PBX: the administrator connects one to you."),
        "already_dialling": _("This number is being dialled already."),
        "bad_intent": _("This page is out of date: load it again."),
    }
    return said.get(code, code)


def dial_reason(code: str, state: str) -> str:
    """Why a dial failed. After "unknown" the same silence means something else: it may have rung."""
    if state == "unknown":
        return str(_("The PBX gave no clear answer. If your phone does not ring, dial again."))
    return pbx_reason(code)


def probed(found: Probe) -> str:
    """What came of the test."""
    if found.code != "ok":
        return pbx_reason(found.code)
    users = ngettext("%(num)s PBX user", "%(num)s PBX users", found.users)
    return str(_("The key is accepted: %(users)s in %(ms)s ms.", users=users, ms=found.took_ms))


def sentence(check: Check) -> str:
    """One line of the check-up: how it stands and, when it does not, what to do."""
    v = check.values
    if check.code == "pbx_failed":
        return pbx_reason(v["code"])
    words = _SETUP.get(check.code) or _MACHINE[check.code]
    return str(_(words, **v))


def N_(text: str) -> str:
    """Mark a text for the catalogue."""
    return text


_MACHINE = {
    "data_dir": N_("The data directory %(path)s is for its owner alone."),
    "data_dir_missing": N_("The data directory %(path)s is not there: set PULT_DATA_DIR."),
    "data_dir_open": N_("Others can read the data directory %(path)s (%(mode)s): chmod 700 it."),
    "disk": N_("%(free_mib)s MiB of disk are free."),
    "disk_full": N_("Only %(free_mib)s MiB of disk are free: make room, or pushes will be lost."),
    "migrated": N_("The database is up to date (%(revision)s)."),
    "not_migrated": N_("The database is at %(revision)s, not %(newest)s: start pult serve, it migrates."),
    "no_database": N_("The database does not answer: %(why)s"),
    "writable": N_("The database can be written."),
    "not_writable": N_("The database cannot be written: %(why)s"),
    "clock": N_("Our clock and the PBX's differ by no more than %(seconds)s s."),
    "clock_off": N_("Our clock and the PBX's differ by %(seconds)s s: check this machine's clock (NTP)."),
    "clock_unknown": N_("The clocks cannot be compared before the first history with its start."),
}
_SETUP = {
    "public_url": N_("The PBX and browsers reach us at %(url)s."),
    "public_url_unset": N_("PULT_PUBLIC_URL is not set: only this computer can log in, at %(url)s."),
    "public_url_loopback": N_("PULT_PUBLIC_URL is %(url)s: the PBX cannot reach that."),
    "public_url_http": N_("PULT_PUBLIC_URL is %(url)s: keys and talks travel in the clear, use https."),
    "pbx": N_("The PBX takes our key: %(users)s users in %(ms)s ms."),
    "keys": N_("Keys the PBX may show: %(count)s."),
    "no_keys": N_("There is no active key: every push is refused. Make one in the room “Connection”."),
    "last_push": N_("The last push came %(seconds)s s ago."),
    "no_push": N_("No push has come yet: enter our address and key in the PBX's cabinet."),
    "quiet": N_("No push for %(hours)s h: look in the PBX's cabinet whether our address still stands there."),
    "mapped": N_("All %(count)s PBX users belong to a person."),
    "unmapped": N_("%(count)s of %(of)s PBX users belong to nobody: map them in the room “PBX users”."),
    "no_accounts": N_("No PBX users yet: fetch them in the room “PBX users”."),
    "recording_hosts": N_("Recordings may come from %(hosts)s."),
    "no_recording_hosts": N_("No hosts of recordings are named: only the PBX's own host is allowed."),
}
