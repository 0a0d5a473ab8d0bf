"""What the template pack asks of the layout: the questions of any form, and the list of what is wrong in it."""

from __future__ import annotations

from crispy_forms.helper import FormHelper
from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

from apps.services.layout import plain_layout, question_for

register = template.Library()


@register.simple_tag
def questions(form: forms.Form) -> SafeString:
    """All fields of a form in the order and markup of its layout, or one after another when it has none."""
    helper = FormHelper()
    helper.layout = getattr(getattr(form, "helper", None), "layout", None) or plain_layout(form)
    return helper.render_layout(form, template.Context())


@register.simple_tag
def question(bound: BoundField) -> SafeString:
    """One field with its label, hint, error and control."""
    return question_for(bound.name, bound.field).render(bound.form)


@register.simple_tag
def mistakes(form: forms.Form) -> list[tuple[str, str]]:
    """Each mistake in a form: the id of its control ('' where it is the whole form's), and the question with what is wrong."""
    found = form.summary if hasattr(form, "summary") else _summary(form)
    whole = [("", str(error)) for error in form.non_field_errors()]
    return whole + [
        (target, f"{label}{'' if label.endswith(('?', '!', '.', ':')) else ':'} {said}")
        for target, label, said in found
    ]


def _summary(form: forms.Form) -> list[tuple[str, str, str]]:
    """As PageForm says it, for a form that no definition describes."""
    return [
        (question_for(bound.name, bound.field).first_control(form), str(bound.label), str(error))
        for bound in form
        for error in bound.errors
    ]
