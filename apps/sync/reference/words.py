"""The words of the receiver's page in Swedish, Finnish and English."""

from typing import Any

LANGUAGES = {"sv": "Svenska", "fi": "Suomi", "en": "English"}

# One line a text: Swedish, Finnish, English.
TEXTS = {
    "title": (
        "Mottaget av referensmottagaren",
        "Vertailuvastaanottimen vastaanottamat tiedot",
        "What the reference receiver has received",
    ),
    "intro": (
        "Referensmottagaren står i stället för tjänsten Tillstånd och tillsyn. Den används för att prova överföringen.",
        "Vertailuvastaanotin on Luvat ja valvonta -palvelun sijalla. Sillä kokeillaan tiedonsiirtoa.",
        "The reference receiver stands in for the service Tillstånd och tillsyn. It is for trying out the transfer.",
    ),
    "finnish_time": ("Tiderna är i finsk tid.", "Ajat ovat Suomen aikaa.", "Times are in Finnish time."),
    "utc": ("Tiderna är i UTC.", "Ajat ovat UTC-aikaa.", "Times are in UTC."),
    "skip": ("Hoppa till innehållet", "Siirry sisältöön", "Skip to the content"),
    "language": ("Språk", "Kieli", "Language"),
    "refresh": ("Uppdatera sidan", "Päivitä sivu", "Refresh the page"),
    "cases": ("Ärenden", "Asiat", "Cases"),
    "no_cases": ("Inget har tagits emot ännu.", "Mitään ei ole vielä vastaanotettu.", "Nothing has been received yet."),
    "service": ("Tjänst", "Palvelu", "Service"),
    "number": ("Ärendenummer", "Asianumero", "Case number"),
    "part": ("externalId", "externalId", "externalId"),
    "digest": ("Uppgifternas kontrollsumma", "Tietojen tarkistussumma", "Digest of the data"),
    "changed": ("Senast ändrat", "Viimeksi muuttunut", "Last changed"),
    "events": ("Händelser i ordning", "Tapahtumat järjestyksessä", "Events in order"),
    "no_events": ("Inga händelser ännu.", "Ei vielä tapahtumia.", "No events yet."),
    "order": ("Nr", "Nro", "No."),
    "kind": ("Händelse", "Tapahtuma", "Event"),
    "status": ("Status", "Tila", "Status"),
    "said": ("Innehåll", "Sisältö", "Content"),
    "at": ("Tidpunkt", "Ajankohta", "Time"),
    "received": ("Mottaget", "Vastaanotettu", "Received"),
    "attachments": ("Bilagor", "Liitteet", "Attachments"),
    "file": ("Fil", "Tiedosto", "File"),
    "size": ("Storlek, byte", "Koko, tavua", "Size, bytes"),
    "sha256": ("sha-256", "sha-256", "sha-256"),
    "missing": ("inte mottagen ännu", "ei vielä vastaanotettu", "not received yet"),
    "data": ("Alla uppgifter", "Kaikki tiedot", "All data"),
    "requests": ("Anrop", "Kutsut", "Requests"),
    "requests_list": (
        "Alla anrop i ordning (JSON)",
        "Kaikki kutsut järjestyksessä (JSON)",
        "All requests in order (JSON)",
    ),
    "no_requests": ("Inga anrop ännu.", "Ei vielä kutsuja.", "No requests yet."),
    "method": ("Metod", "Metodi", "Method"),
    "answer": ("Svar", "Vastaus", "Answer"),
    "no_answer": ("inget svar", "ei vastausta", "no answer"),
    "fault": ("Fel på begäran", "Pyydetty virhe", "Fault asked for"),
    "none": ("–", "–", "–"),
    "count": ("Antal", "Määrä", "Count"),
    "applied": ("Nytt", "Uutta", "New"),
    "duplicates": ("Upprepat", "Toistettu", "Repeated"),
    "total": ("Sammanlagt", "Yhteensä", "Total"),
    "misbehave": ("Nästa fel", "Seuraava virhe", "The next fault"),
    "misbehave_help": (
        "Valet gäller nästa anrop från portalen. Flera val besvaras i tur och ordning.",
        "Valinta koskee portaalin seuraavaa kutsua. Useat valinnat toteutetaan järjestyksessä.",
        "The choice is for the next request from the portal. Several choices are answered in order.",
    ),
    "choose": ("Så besvaras nästa anrop", "Näin seuraavaan kutsuun vastataan", "How the next request is answered"),
    "add": ("Lägg till", "Lisää", "Add"),
    "clear": ("Ta bort alla som väntar", "Poista kaikki odottavat", "Remove all that wait"),
    "waiting": ("Väntar", "Odottaa", "Waiting"),
    "earlier": ("Äldre ärenden", "Vanhemmat asiat", "Older cases"),
    "later": ("Nyare ärenden", "Uudemmat asiat", "Newer cases"),
    "pages": ("Sidor", "Sivut", "Pages"),
}

FAULT_TEXTS = {
    "ok": ("som det ska", "kuten kuuluu", "as it should be"),
    "500": ("500, ingenting tas emot", "500, mitään ei oteta vastaan", "500, nothing is applied"),
    "503": ("503, ingenting tas emot", "503, mitään ei oteta vastaan", "503, nothing is applied"),
    "429": ("429, ingenting tas emot", "429, mitään ei oteta vastaan", "429, nothing is applied"),
    "500_after": ("tas emot, sedan 500", "otetaan vastaan, sitten 500", "applied, then 500"),
    "close_before": (
        "förbindelsen stängs, ingenting tas emot",
        "yhteys suljetaan, mitään ei oteta vastaan",
        "connection closed, nothing is applied",
    ),
    "close_after": (
        "tas emot, sedan stängs förbindelsen utan svar",
        "otetaan vastaan, sitten yhteys suljetaan ilman vastausta",
        "applied, then closed without an answer",
    ),
    "reset": (
        "förbindelsen bryts, ingenting tas emot",
        "yhteys katkeaa, mitään ei oteta vastaan",
        "connection reset, nothing is applied",
    ),
    "reset_after": (
        "tas emot, sedan bryts förbindelsen utan svar",
        "otetaan vastaan, sitten yhteys katkeaa ilman vastausta",
        "applied, then reset without an answer",
    ),
    "cut": (
        "tas emot, halva svaret kommer",
        "otetaan vastaan, vastauksesta tulee puolet",
        "applied, half an answer comes",
    ),
    "break": (
        "tas emot, besvaras, sedan bryts förbindelsen",
        "otetaan vastaan, vastataan, sitten yhteys katkeaa",
        "applied, answered, then reset",
    ),
    "slow": (
        "tas emot, svaret dröjer en sekund",
        "otetaan vastaan, vastaus viipyy sekunnin",
        "applied, answered a second later",
    ),
    "hang": (
        "inget svar, ingenting tas emot",
        "ei vastausta, mitään ei oteta vastaan",
        "no answer, nothing is applied",
    ),
    "hang_after": ("tas emot, sedan inget svar", "otetaan vastaan, sitten ei vastausta", "applied, then no answer"),
    "garbage": (
        "200 med en webbsida, ingenting tas emot",
        "200 ja verkkosivu, mitään ei oteta vastaan",
        "200 with a web page, nothing is applied",
    ),
    "empty": (
        "200 utan innehåll, ingenting tas emot",
        "200 tyhjänä, mitään ei oteta vastaan",
        "200 without a body, nothing is applied",
    ),
    "accept_twice": (
        "tas emot, svaret kommer två gånger",
        "otetaan vastaan, vastaus tulee kahdesti",
        "applied, answered twice",
    ),
    "forget": (
        "glömmer först den senaste minuten",
        "unohtaa ensin viimeisen minuutin",
        "first forgets the last minute",
    ),
}

STATUSES = {
    "received": ("Anhängig", "Vireillä", "Received"),
    "in_handling": ("Handläggning pågår", "Käsittelyssä", "In handling"),
    "supplement_requested": ("Komplettering begärd", "Täydennystä pyydetty", "Supplement requested"),
    "supplemented": ("Kompletterad", "Täydennetty", "Supplemented"),
    "closed": ("Ärendet har behandlats", "Asia on käsitelty", "Closed"),
    "withdrawn": ("Återtagen", "Peruttu", "Withdrawn"),
    "transferred": ("Överförd", "Siirretty", "Transferred"),
    "not_examined": ("Lämnad utan prövning", "Jätetty tutkimatta", "Not examined"),
}


class Words:
    """The texts in one language; what has no text is shown as it came."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "sv"
        self._place = list(LANGUAGES).index(self.language)

    def __getitem__(self, name: str) -> str:
        return TEXTS[name][self._place]

    def fault(self, name: str) -> str:
        return FAULT_TEXTS[name][self._place]

    def status(self, code: str) -> str:
        return STATUSES[code][self._place] if code in STATUSES else code

    def pick(self, value: Any) -> str:
        """A text from a document: one text, one text per language, or something that has a name."""
        if isinstance(value, (str, int)):
            return str(value)
        if not isinstance(value, dict):
            return ""
        for name in (self.language, "name", "title", "sv", "fi", "en", "key"):
            if value.get(name):
                return self.pick(value[name])
        return ""
