"""Customers who fill in a form, send it and write the receipt down. Where something breaks they do what people do: reload, press again."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests import pdfs
from tests.chaos.browser import Broken, Browser, Form, Page
from tests.chaos.verdict import Receipt

SERVICE = "/sv/services/chaos/"
PAPER = re.compile(r"/sv/applications/[0-9a-f-]{36}/")
RECEIPT = re.compile(r"/sv/cases/([A-Z0-9-]+)/receipt/")
SMALL, LARGE = 2_000, 400_000  # bytes of the file that goes with it
REST = (0.02, 0.2)  # seconds between two pages
AGAIN = (0.2, 1.0)  # seconds before somebody tries again


class Refused(Exception):
    """The portal answered, but there is no way on."""


@dataclass
class Book:
    """What all customers of an installation have written down together."""

    receipts: list[Receipt] = field(default_factory=list)
    broken: int = 0  # requests without a usable answer
    pressed_again: int = 0
    given_up: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, receipt: Receipt) -> None:
        with self.lock:
            self.receipts.append(receipt)

    def give_up(self, why: str) -> None:
        with self.lock:
            self.given_up.append(why)


class Customer:
    """Sends one application after the other."""

    def __init__(self, port: int, cookies: Mapping[str, str], book: Book, dice: random.Random) -> None:
        self.port, self.cookies, self.book, self.dice = port, dict(cookies), book, dice
        self.browser = Browser(port, cookies)
        self.deadline = 0.0

    def run(self, closing: threading.Event, over: threading.Event) -> None:
        """Until it closes; then finish what is in hand, until all is over."""
        while not closing.is_set() and not over.is_set():
            marker = f"MARK-{self.dice.getrandbits(64):016x}"
            content = pdfs.pdf(self.dice.choice((SMALL, SMALL, SMALL, LARGE)), saying=marker)
            try:
                if number := self.submit(marker, content, over):
                    self.book.note(Receipt(marker, number, hashlib.sha256(content).hexdigest()))
            except Refused as why:
                self.book.give_up(str(why))

    def submit(self, marker: str, content: bytes, over: threading.Event) -> str:
        """One application, from the service's page to the receipt, however often something breaks; the number on the receipt.

        Empty when all was over before. Raises Refused.
        """
        address, steps = SERVICE, 0
        while not over.is_set():
            try:
                page = self.browser.get(address)
                while not (receipt := RECEIPT.fullmatch(page.path)):
                    if steps > 200 or page.status >= 400:
                        raise Refused(f"no way on from {page.path}: {page.status}")
                    if found := PAPER.match(page.path):
                        address = found[0]  # from now on a reload goes on with this one
                    steps += 1
                    time.sleep(self.dice.uniform(*REST))
                    page = self.next_page(page, marker, content)
                return receipt[1]
            except Broken:
                self.book.broken += 1
                over.wait(self.dice.uniform(*AGAIN))
        return ""

    def next_page(self, page: Page, marker: str, content: bytes) -> Page:
        """Do what the page asks for."""
        if form := page.form_to("/start/"):
            return self.browser.post(form, page.path)
        if form := page.form_to("/send/"):
            return self.send(form, page)
        form = page.form_to(page.path)
        if form is None:
            raise Refused(f"no form on {page.path}: {page.status}")
        if "title" in form.values:
            form.values["title"] = marker
        files = dict.fromkeys(form.files, ("plan.pdf", content))
        return self.browser.post(form, page.path, files)

    def send(self, form: Form, page: Page) -> Page:
        """Press the button that sends: sometimes twice at once, and mostly once more when no answer comes."""
        if self.dice.random() < 0.1:
            return self.press_twice(form, page)
        try:
            return self.browser.post(form, page.path)
        except Broken:
            if self.dice.random() < 0.4:
                raise
            self.book.broken += 1
            self.book.pressed_again += 1
            time.sleep(self.dice.uniform(*AGAIN))
            return self.browser.post(form, page.path)

    def press_twice(self, form: Form, page: Page) -> Page:
        """Two requests at the same time, as of an impatient finger; the second one's answer is what is seen."""
        self.book.pressed_again += 1
        with ThreadPoolExecutor(1) as other:
            first = other.submit(Browser(self.port, self.browser.cookies).post, form, page.path)
            try:
                return self.browser.post(form, page.path)
            finally:
                first.exception()


class Crowd:
    """The customers of an installation, each in a thread."""

    def __init__(self, port: int, sessions: list[dict[str, str]], seed: str) -> None:
        self.book, self.closing, self.over = Book(), threading.Event(), threading.Event()
        customers = [
            Customer(port, cookies, self.book, random.Random(f"{seed} customer {n}"))  # noqa: S311 (dice)
            for n, cookies in enumerate(sessions)
        ]
        self.threads = [
            threading.Thread(target=one.run, args=(self.closing, self.over), daemon=True) for one in customers
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def finish(self, patience: float) -> bool:
        """Let nobody begin anew, and wait until everybody has their receipt; whether they have."""
        self.closing.set()
        until = time.monotonic() + patience
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.over.set()
        done = not any(thread.is_alive() for thread in self.threads)
        for thread in self.threads:
            thread.join(15)
        return done
