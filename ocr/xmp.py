"""What a copy says about itself, in XMP (ISO 16684-1), with the description of our own fields that PDF/A asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

PRODUCER = "Docvault"
ARCHIVE = "urn:docvault:archive:1"
"""Namespace of the seven fields of the recommended archive profile."""
FIELDS: Mapping[str, str] = {
    "DocCode": "Code of the document",
    "TypeName": "Name of the kind of document",
    "CodeNumber": "Number of the document",
    "CodeNotation": "Notation behind the number",
    "IssuedDate": "Day of issue",
    "OrganName": "Organisation that issued it",
    "Subject": "What it is about",
}


@dataclass(frozen=True)
class About:
    """What a copy says of its paper: title, day and time at which it is made, and the fields of `FIELDS`."""

    title: str = field(repr=False)
    made_at: datetime
    archive: Mapping[str, str] = field(repr=False)
    language: str = "vi"


def packet(about: About) -> bytes:
    """ISO 19005-2, 6.6.2 to 6.6.4: part 2, conformance B, and each schema that is not predefined described."""
    moment = _moment(about.made_at)
    values = "".join(f"<dv:{name}>{_plain(about.archive.get(name, ''))}</dv:{name}>" for name in FIELDS)
    subject = _alternatives("dc:description", about.archive.get("Subject", ""))
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:format>application/pdf</dc:format>{_alternatives('dc:title', about.title)}{subject}</rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f"<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate></rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        f"<pdf:Producer>{PRODUCER}</pdf:Producer></rdf:Description>\n"
        f'<rdf:Description rdf:about="" xmlns:dv="{ARCHIVE}">{values}</rdf:Description>\n'
        f'{_schema()}</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    )
    return text.encode()


def _schema() -> str:
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{text}</pdfaProperty:description></rdf:li>"
        for name, text in FIELDS.items()
    )
    return (
        '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
        'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
        'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Archive profile</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{ARCHIVE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>dv</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
        "</rdf:Bag></pdfaExtension:schemas></rdf:Description>\n"
    )


def _alternatives(name: str, text: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{_plain(text)}</rdf:li></rdf:Alt></{name}>' if text else ""


def _plain(text: str) -> str:
    """Without what XML 1.0 cannot hold (section 2.2)."""
    return escape("".join(letter for letter in text if letter in "\t\n" or " " <= letter < "\ufffe"))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
