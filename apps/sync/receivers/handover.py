"""The hand-over: puts packages of cases into a folder or a bucket, from where case management or a robot fetches them.

A package lies under its service's key and its case's number, and is there whole or not at all. What goes in is the case up to the event,
whatever has happened since; so putting it there again gives the same bytes, and is no harm.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import tempfile
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from apps.cases import handover, zipped
from apps.cases.handover import Damaged, NothingToHandOver, Package, Withheld
from apps.cases.models import Case
from apps.sync.models import HANDOVER
from apps.sync.receivers.base import Delivered, Later, Outcome, Refused, Sender, To

if TYPE_CHECKING:
    from apps.cases.models import Event
    from apps.sync.receivers.base import InHand

log = getLogger(__name__)

ALIAS = "handover"
UNFINISHED = ".part"
# Threads of their own, and few: a folder that hangs must not take those in which files are read for other receivers.
_threads = ThreadPoolExecutor(4, thread_name_prefix="handover")

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BARRED = (errno.EACCES, errno.EPERM, errno.EROFS)
# How S3 says that we are not let in, or that there is no such bucket.
BARRED_CODES = frozenset(
    {
        "403",
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "NoSuchBucket",
        "AllAccessDisabled",
        "AccountProblem",
    }
)


class Handover(Sender[Package | None]):
    """Puts packages where the settings say."""

    kind: ClassVar[str] = HANDOVER
    told_of_skipped: ClassVar[bool] = False  # what was skipped is not there, and the case is not handed over by it

    @classmethod
    def ready(cls) -> bool:
        """Whether there is a folder or a bucket."""
        return bool(settings.HANDOVER_FOLDER or settings.HANDOVER_BUCKET)

    @classmethod
    def addresses(cls, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """Those events at which the case's service has packages dropped; never of a test."""
        cases = {event.case_id for event in events}
        chosen = dict(Case.objects.real().filter(pk__in=cases).values_list("pk", "service__handover_on"))
        return [(one, [To()]) for one in events if handover.is_dropped_at(one, chosen.get(one.case_id) or ())]

    @classmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, Package | Refused | None]:
        """The packages, not yet written; None of one that was skipped."""
        return {delivery.pk: _packed(delivery) if delivery.skipped_at is None else None for delivery in deliveries}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        return

    async def send(self, parcel: Package | None, *, ask_first: bool) -> Outcome:
        """Put it there. Whether it is there already is always looked at first."""
        if parcel is None:
            return Delivered()
        return await asyncio.get_running_loop().run_in_executor(_threads, put, parcel)


def _packed(delivery: InHand) -> Package | Refused:
    try:
        return handover.package(delivery.case, delivery.event.number)
    except (Damaged, Withheld) as why:
        return Refused(str(why))
    except NothingToHandOver:
        return Refused("there is nothing to hand over at this event")
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)[-1]
        # The message of an exception may hold what somebody wrote; its kind and place do not.
        log.error("package of delivery %d cannot be put together: %s in %s", delivery.pk, type(e).__name__, where.name)
        return Refused(f"cannot be put together: {type(e).__name__} in {where.name}")


def place_of(package: Package) -> str:
    """Where a package lies: service, case, and a name of its own."""
    return f"{package.service}/{package.case_number}/{package.name}"


def put(package: Package) -> Outcome:
    """Write a package, and have it where it belongs. What goes wrong becomes an outcome whose words hold nothing of the case."""
    storage = storages[ALIAS]
    put_into = _put_into_folder if isinstance(storage, FileSystemStorage) else _put_into_bucket
    try:
        return put_into(storage, package)
    except Damaged as why:
        return Refused(str(why))
    except OSError as e:
        return _of_the_system(e)
    except Exception as e:
        return _of_the_bucket(e)


def _put_into_folder(storage: Storage, package: Package) -> Outcome:
    """Beside its place first, then by one move: whoever looks finds all of it or nothing."""
    assert isinstance(storage, FileSystemStorage)  # noqa: S101 (for the reader: `put` has looked)
    folder = Path(storage.location)
    if not folder.is_dir():
        # It may be a disk that is not there just now: what is written beneath would be seen by nobody.
        return Later(None, "HANDOVER_FOLDER is not there", barred=True)
    place = folder / place_of(package)
    _make_folders(folder, place.parent, storage.directory_permissions_mode or 0o700)
    _sweep(place)
    beside = place.parent / f".{place.name}.{secrets.token_hex(4)}{UNFINISHED}"
    try:
        with open(beside, "x+b", opener=_private) as archive:
            package.write(archive)
            if place.exists():
                with place.open("rb") as there:
                    return _already(zipped.same_bytes(archive, there))
            os.fchmod(archive.fileno(), storage.file_permissions_mode or 0o600)
            archive.flush()
            os.fsync(archive.fileno())
        beside.rename(place)
        _to_disk(place.parent)
    finally:
        beside.unlink(missing_ok=True)
    return Delivered()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _already(same: bool) -> Outcome:
    if same:
        return Delivered()
    return Refused(
        "another package lies there under this name: look at it, move it away, and let this one be sent again or skip it"
    )


def _make_folders(top: Path, folder: Path, mode: int) -> None:
    """Have the folder, those above it and their names on the disk."""
    if folder == top or folder.is_dir():
        return
    _make_folders(top, folder.parent, mode)
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(mode)  # whatever the process masks
    _to_disk(folder.parent)


def _sweep(place: Path) -> None:
    """Remove what was left behind when a relay died while it wrote."""
    for left in place.parent.glob(f".{place.name}.*{UNFINISHED}"):
        left.unlink(missing_ok=True)


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put_into_bucket(storage: Storage, package: Package) -> Outcome:
    """In one request, or in parts that become an object when all are there."""
    place = place_of(package)
    with tempfile.TemporaryFile() as archive:
        package.write(archive)
        if storage.exists(place):
            with storage.open(place) as there:
                return _already(zipped.same_bytes(archive, there))
        archive.seek(0)
        storage.save(place, File(archive, place))
    return Delivered()


# --- what went wrong -------------------------------------------------------------------------------------------------


def _of_the_system(e: OSError) -> Later:
    """The operating system's words can hold a path; its number does not."""
    if e.errno in FULL:
        return Later(None, "there is no room left for the package")
    barred = e.errno in BARRED
    name = errno.errorcode.get(e.errno or 0, type(e).__name__)
    return Later(None, f"{'it may not be written there' if barred else 'it cannot be written'}: {name}", barred=barred)


def _of_the_bucket(e: Exception) -> Later:
    """What the bucket, or the way to it, says: never for good, since the package itself is sound."""
    code = str(getattr(e, "response", {}).get("Error", {}).get("Code", ""))[:60]
    barred = code in BARRED_CODES
    return Later(
        None,
        f"the bucket {'lets nothing in' if barred else 'does not take it'}: {code or type(e).__name__}",
        barred=barred,
    )
