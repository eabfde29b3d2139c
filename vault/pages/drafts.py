"""What the form of a consent says, as it is kept until it is answered."""

from collections.abc import Mapping

from vault.i18n import Translate
from vault.pages.consenting import text_of
from vault.proposals import Proposal, Slot
from vault.questions import BEST, Draft

Form = Mapping[str, str]


def changed(proposal: Proposal, before: Draft, form: Form, translate: Translate) -> Draft:
    """What the citizen said, told from what merely stood in the form as it was proposed."""
    components = {slot.name: _said(slot, before.components.get(slot.name), form) for slot in proposal.slots}
    fields = dict(before.fields)
    for filled in proposal.form:
        typed = form.get(f"field.{filled.name}", "")
        proposed = text_of(filled, translate) if filled.asked.registered else ""
        if typed == proposed:
            fields.pop(filled.name, None)
        elif typed != form.get(f"shown.{filled.name}"):  # else untouched: a paper was read while the page was open
            fields[filled.name] = typed
    return Draft({name: said for name, said in components.items() if said is not None}, fields)


def _said(slot: Slot, before: str | None, form: Form) -> str | None:
    """What the form says about a component: a version, nothing, or (None) what is proposed."""
    sent = form.get(f"component.{slot.name}", "")
    if form.get("upload") == slot.name:  # what comes is to be taken
        return None if slot.needed else BEST
    if sent:
        return before if slot.match.best and sent == slot.match.best.version_id and slot.needed else sent
    offered = f"offered.{slot.name}" in form  # else it was read while the page was open, and nobody left it out
    return "" if offered and not slot.needed else before


def sent(form: Form) -> Draft:
    """Everything that the form holds, also what nobody asked: that is refused, not passed over."""

    def under(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}

    return Draft(under("component."), under("field."))
