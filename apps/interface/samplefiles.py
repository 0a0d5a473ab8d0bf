"""Small files of every kind that is taken, for generated cases: each is what its name says, and says that it is an example."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.services.filetypes import TYPES

SAID = "Exempel - Esimerkki - Example"
BLUE = (31, 73, 125)


def sample_file(kinds: Iterable[str] = ("pdf",), *, count: int = 1) -> SimpleUploadedFile:
    """A file of the first kind that is asked for. `count` stands in its name and, where it can, in it, so that no two are alike."""
    kind = TYPES[next(iter(kinds))]
    name = f"exempel-{count}{kind.endings[0]}"
    return SimpleUploadedFile(name, MAKERS[kind.name](count), content_type=kind.media_type)


def _pdf(count: int) -> bytes:
    file, out = pikepdf.new(), io.BytesIO()
    page = file.add_blank_page(page_size=(420, 595))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = file.make_stream(f"BT /F1 18 Tf 40 520 Td ({SAID} {count}) Tj ET".encode("ascii"))
    file.save(out, deterministic_id=True)
    return out.getvalue()


def _picture(count: int, format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40 + count % 100, 40), BLUE).save(out, format)
    return out.getvalue()


def _archive(**members: str) -> bytes:
    """The members as an archive; what is called `mimetype` stands first and unpacked, as OpenDocument wants it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=how)
    return out.getvalue()


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OPENXML = "application/vnd.openxmlformats-officedocument."
PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"


def _types(part: str, kind: str, *more: tuple[str, str]) -> str:
    parts = "".join(
        f'<Override PartName="{name}" ContentType="{OPENXML}{type_}+xml"/>' for name, type_ in ((part, kind), *more)
    )
    usual = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    return f'{XML}<Types xmlns="{PACKAGE}content-types">{usual}{parts}</Types>'


def _relation(kind: str, target: str) -> str:
    one = f'<Relationship Id="rId1" Type="{RELATIONS}/{kind}" Target="{target}"/>'
    return f'{XML}<Relationships xmlns="{PACKAGE}relationships">{one}</Relationships>'


def _docx(count: int) -> bytes:
    text = f"<w:body><w:p><w:r><w:t>{SAID} {count}</w:t></w:r></w:p></w:body>"
    members = {
        "[Content_Types].xml": _types("/word/document.xml", "wordprocessingml.document.main"),
        "_rels/.rels": _relation("officeDocument", "word/document.xml"),
        "word/document.xml": f'{XML}<w:document xmlns:w="{WORDS}">{text}</w:document>',
    }
    return _archive(**members)


def _xlsx(count: int) -> bytes:
    sheet = f'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{SAID} {count}</t></is></c></row></sheetData>'
    book = '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets>'
    of_sheet = ("/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet")
    members = {
        "[Content_Types].xml": _types("/xl/workbook.xml", "spreadsheetml.sheet.main", of_sheet),
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}">{book}</workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{SHEETS}">{sheet}</worksheet>',
    }
    return _archive(**members)


def _open_document(kind: str, body: str) -> bytes:
    media_type = TYPES[kind].media_type
    spaces = " ".join(f'xmlns:{name}="{OASIS}{name}:1.0"' for name in ("office", "text", "table"))
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{type_}"/>'
        for path, type_ in (("/", media_type), ("content.xml", "text/xml"))
    )
    content = f'<office:document-content {spaces} office:version="1.3"><office:body>{body}</office:body></office:document-content>'
    manifest = (
        f'<manifest:manifest xmlns:manifest="{OASIS}manifest:1.0" manifest:version="1.3">{listed}</manifest:manifest>'
    )
    members = {"mimetype": media_type, "content.xml": XML + content, "META-INF/manifest.xml": XML + manifest}
    return _archive(**members)


def _odt(count: int) -> bytes:
    return _open_document("odt", f"<office:text><text:p>{SAID} {count}</text:p></office:text>")


def _ods(count: int) -> bytes:
    cell = f'<table:table-cell office:value-type="string"><text:p>{SAID} {count}</text:p></table:table-cell>'
    table = f'<table:table table:name="1"><table:table-row>{cell}</table:table-row></table:table>'
    return _open_document("ods", f"<office:spreadsheet>{table}</office:spreadsheet>")


MAKERS = {
    "pdf": _pdf,
    "png": lambda count: _picture(count, "PNG"),
    "jpeg": lambda count: _picture(count, "JPEG"),
    "docx": _docx,
    "xlsx": _xlsx,
    "odt": _odt,
    "ods": _ods,
}
