"""The addresses of version 1 of the interface; docs/interface/authorities.yaml says what each takes and gives."""

from django.urls import path, re_path

from apps.interface import document, files, ledger, reading, writing
from apps.interface.operations import at_one_address, catch_all

urlpatterns = [
    path("commondata", at_one_address(get=("ledger", ledger.ledger)), name="interface_ledger"),
    path("commondata/<str:external_id>", at_one_address(get=("read", reading.data)), name="interface_data"),
    path(
        "commondata/<str:external_id>/commondata",
        at_one_address(get=("read", reading.common_data)),
        name="interface_common_data",
    ),
    path(
        "commondata/<str:external_id>/formdata",
        at_one_address(get=("read", reading.form_data)),
        name="interface_form_data",
    ),
    path(
        "commondata/<str:external_id>/attachments/<str:attachment_id>",
        at_one_address(get=("read", files.attachment), put=("write", writing.attachment)),
        name="interface_attachment",
    ),
    path(
        "commondata/<str:external_id>/events",
        at_one_address(get=("read", reading.events), post=("write", writing.event)),
        name="interface_events",
    ),
    path(
        "commondata/<str:external_id>/events/<str:key>",
        at_one_address(get=("read", reading.event)),
        name="interface_event",
    ),
    path("openapi.json", document.as_json, name="interface_json"),
    path("openapi.yaml", document.as_yaml, name="interface_yaml"),
    re_path("", catch_all),
]
