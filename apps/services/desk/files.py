"""A definition file that a designer hands in."""

from __future__ import annotations

from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.services.definition import LARGEST_DOCUMENT
from apps.services.layout import Files


class DefinitionForm(forms.Form):
    """A definition file as it is imported: `file` is its text once the form is valid, every character as it is in the file."""

    encoding: ClassVar[str] = "utf-8"
    accept: ClassVar[str] = ".json,application/json"
    use_required_attribute = False
    file = forms.FileField(
        label=gettext_lazy("Definition file"),
        help_text=gettext_lazy("A file of JSON (UTF-8), such as one exported here and changed."),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(Files("file", accept=self.accept))

    def clean_file(self) -> str:
        """The file's text."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_DOCUMENT:
            raise forms.ValidationError(_("The file is too large for a definition."))
        try:
            return str(file.read(), self.encoding)
        except UnicodeDecodeError:
            raise forms.ValidationError(_("The file is not UTF-8. Save it as UTF-8 and try again.")) from None


class UnfinishedForm(DefinitionForm):
    """A definition file to begin from: JSON or YAML, which need not be finished."""

    encoding = "utf-8-sig"  # the mark before it says nothing of a service
    accept = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _("A file of JSON or YAML (UTF-8), such as one exported here.")
