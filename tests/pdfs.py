"""PDF files to send."""

from __future__ import annotations


def pdf(size: int = 0, *, saying: str = "An example") -> bytes:
    """A PDF of one empty page that opens in any reader, as long as is asked for."""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>",
    ]
    made, starts = b"%PDF-1.7\n%" + saying.encode() + b"\n", []
    for number, part in enumerate(parts, 1):
        starts.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % start for start in starts)
    after = b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%010d\n%%%%EOF\n"
    filling = max(0, size - len(made) - len(table) - len(after % 0) - 2)
    made += b"%" + b"x" * filling + b"\n"
    return made + table + after % len(made)
