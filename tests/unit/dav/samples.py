# SPDX-License-Identifier: Apache-2.0
"""Multistatus documents as storages send them, each about the directory ``/store/d`` of ``URL``.

Those of Apache 2.4, nginx 1.22 and XRootD 5.5 are what these servers answered; those of dCache, StoRM,
EOS and Nextcloud are written after what their documentation and their users' reports show.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import FileInfo

URL = "https://dav.example.org/store/d/"
NOON = 1793620800.0
"""2026-11-02, 12:00:00 UTC, the time of everything here."""

DATE = "Mon, 02 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True)
class Sample:
    """A document, what it shows, and how many of its entries cannot be shown."""

    text: str
    shows: list[FileInfo]
    encodes: bool = True
    hidden: int = 0


def file(name: str, size: int, mtime: float | None = NOON) -> FileInfo:
    return FileInfo(name, size=size, mtime=mtime)


def directory(name: str, mtime: float | None = NOON) -> FileInfo:
    return FileInfo(name, directory=True, mtime=mtime)


def apache(href: str, properties: str, more: str = "") -> str:
    return (
        '<D:response xmlns:lp1="DAV:" xmlns:lp2="http://apache.org/dav/props/">\n'
        f"<D:href>{href}</D:href>\n<D:propstat>\n<D:prop>\n{properties}\n"
        f"<lp1:getlastmodified>{DATE}</lp1:getlastmodified>\n</D:prop>\n"
        f"<D:status>HTTP/1.1 200 OK</D:status>\n</D:propstat>\n{more}</D:response>\n"
    )


NO_LENGTH = (
    '<D:propstat>\n<D:prop>\n<g0:getcontentlength xmlns:g0="DAV:"/>\n</D:prop>\n'
    "<D:status>HTTP/1.1 404 Not Found</D:status>\n</D:propstat>\n"
)
COLLECTION = "<lp1:resourcetype><D:collection/></lp1:resourcetype>"
FILE = "<lp1:resourcetype/>\n<lp1:getcontentlength>3</lp1:getcontentlength>"

APACHE = Sample(
    '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:" xmlns:ns0="DAV:">\n'
    + apache("/store/d/", COLLECTION, NO_LENGTH)
    + apache("/store/d/100%25", FILE)
    + apache("/store/d/lat%e9", FILE)
    + apache("/store/d/%3cb%3e&amp;amp;", FILE)
    + apache("/store/d/sub%20dir/", COLLECTION, NO_LENGTH)
    + apache("/store/d/nl%0ax", FILE)
    + apache("/store/d/a%252Fb", FILE)
    + apache("/store/d/~u%5e%7c%60$!*", FILE)
    + apache("/store/d/caf%c3%a9", FILE)
    + "</D:multistatus>\n",
    [
        file("100%", 3),
        file("<b>&amp;", 3),
        directory("sub dir"),
        file("a%2Fb", 3),
        file("~u^|`$!*", 3),
        file("café", 3),
    ],
    hidden=2,
)


def nginx(href: str, properties: str) -> str:
    return (
        f"<D:response>\n<D:href>{href}</D:href>\n<D:propstat>\n<D:prop>\n{properties}\n</D:prop>\n"
        "<D:status>HTTP/1.1 200 OK</D:status>\n</D:propstat>\n</D:response>\n"
    )


NGINX = Sample(
    '<?xml version="1.0" encoding="utf-8" ?>\n<D:multistatus xmlns:D="DAV:">\n'
    + nginx(
        "/store/d/",
        f"<D:getlastmodified>{DATE}</D:getlastmodified>\n<D:resourcetype><D:collection/></D:resourcetype>",
    )
    + nginx(
        "/store/d/[x]%7By%7D(z)",
        f"<D:getcontentlength>3</D:getcontentlength>\n<D:getlastmodified>{DATE}</D:getlastmodified>\n"
        "<D:resourcetype></D:resourcetype>",
    )
    + nginx(
        "/store/d/it's",
        f"<D:displayname>it's</D:displayname>\n<D:getcontentlength>3</D:getcontentlength>\n"
        f"<D:getlastmodified>{DATE}</D:getlastmodified>\n<D:resourcetype></D:resourcetype>\n<D:lockdiscovery/>\n"
        "<D:supportedlock>\n</D:supportedlock>",
    )
    + "</D:multistatus>\n",
    [file("[x]{y}(z)", 3), file("it's", 3)],
)


def xrootd(href: str, size: int, collection: bool) -> str:
    kind = "<lp1:resourcetype><D:collection/></lp1:resourcetype>\n<lp1:iscollection>1</lp1:iscollection>\n"
    return (
        '<D:response xmlns:lp1="DAV:" xmlns:lp2="http://apache.org/dav/props/" xmlns:lp3="LCGDM:">\n'
        f"<D:href>{href}</D:href>\n<D:propstat>\n<D:prop>\n<lp1:getcontentlength>{size}</lp1:getcontentlength>\n"
        f"<lp1:getlastmodified>{DATE}</lp1:getlastmodified>\n"
        f"{kind if collection else '<lp1:iscollection>0</lp1:iscollection>'}\n"
        f"<lp1:executable>{'T' if collection else 'F'}</lp1:executable>\n</D:prop>\n"
        "<D:status>HTTP/1.1 200 OK</D:status>\n</D:propstat>\n</D:response>\n"
    )


XROOTD = Sample(
    '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:" '
    'xmlns:ns1="http://apache.org/dav/props/" xmlns:ns0="DAV:">\n'
    + xrootd("/store/d/", 4096, True)
    + xrootd("/store/d/100%", 3, False)
    + xrootd("/store/d/a%2Fb", 3, False)
    + xrootd("/store/d/%41", 3, False)
    + xrootd("/store/d/sub dir", 4096, True)
    + xrootd("/store/d/&lt;b&gt;&amp;amp;", 3, False)
    + xrootd("/store/d/so &quot;x&quot; it&apos;s", 3, False)
    + xrootd("/store/d/run#7", 3, False)
    + xrootd("/store/d/what?", 3, False)
    + xrootd("/store/d/lat\udce9", 0, False)
    + xrootd("/store/d/ctl\x01x", 0, False)
    + xrootd("/store/d/café", 3, False)
    + "</D:multistatus>\n",
    [
        file("100%", 3),
        file("a%2Fb", 3),
        file("%41", 3),
        directory("sub dir"),
        file("<b>&amp;", 3),
        file("so \"x\" it's", 3),
        file("run#7", 3),
        file("café", 3),
    ],
    encodes=False,
    hidden=3,
)

OLD_XROOTD = Sample(
    '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n'
    + xrootd("//store//d", 4096, True)
    + xrootd("//store//d//f.root", 16139370, False).replace(DATE, "2026-11-02T12:00:00Z")
    + "</D:multistatus>\n",
    [file("f.root", 16139370)],
    encodes=False,
)

DCACHE = Sample(
    '<?xml version="1.0" encoding="utf-8"?>'
    '<d:multistatus xmlns:cal="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/" '
    'xmlns:card="urn:ietf:params:xml:ns:carddav" xmlns:dc="http://www.dcache.org/2013/webdav" xmlns:d="DAV:">'
    "<d:response><d:href>/store/d/</d:href><d:propstat><d:prop>"
    f"<d:getlastmodified>{DATE}</d:getlastmodified><d:resourcetype><d:collection/></d:resourcetype></d:prop>"
    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop><d:getcontentlength/></d:prop>"
    "<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>"
    "<d:response><d:href>/store/d/f%201.root</d:href><d:propstat><d:prop>"
    f"<d:getlastmodified>{DATE}</d:getlastmodified><d:resourcetype/><d:getcontentlength>12</d:getcontentlength>"
    "<dc:Checksums>adler32=1e4502e1</dc:Checksums></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    "</d:response>"
    # while it is being written a file has no length
    "<d:response><d:href>/store/d/uploading.root</d:href><d:propstat><d:prop>"
    f"<d:getlastmodified>{DATE}</d:getlastmodified><d:resourcetype/></d:prop>"
    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop><d:getcontentlength/></d:prop>"
    "<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response></d:multistatus>",
    [file("f 1.root", 12)],
    hidden=1,
)

STORM = Sample(
    '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:cal="urn:ietf:params:xml:ns:caldav" '
    'xmlns:ns1="http://storm.italiangrid.org/2014/webdav" xmlns:d="DAV:">\n'
    "  <d:response>\n    <d:href>https://storm.example.net:8443/store/d/f.root</d:href>\n    <d:propstat>\n"
    "      <d:prop>\n        <d:getcontentlength>7</d:getcontentlength>\n        <d:resourcetype/>\n"
    f"        <ns1:Checksum>0b0e02c2</ns1:Checksum>\n        <d:getlastmodified>{DATE}</d:getlastmodified>\n"
    "      </d:prop>\n      <d:status>HTTP/1.1 200 OK</d:status>\n    </d:propstat>\n  </d:response>\n"
    # the directory itself comes last, and under the name of the machine behind
    "  <d:response>\n    <d:href>\n      http://backend.internal:8085/store/d/\n    </d:href>\n    <d:propstat>\n"
    "      <d:prop>\n        <d:resourcetype><d:collection/></d:resourcetype>\n      </d:prop>\n"
    "      <d:status>HTTP/1.1 200 OK</d:status>\n    </d:propstat>\n  </d:response>\n</d:multistatus>\n",
    [file("f.root", 7)],
)

EOS = Sample(
    '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" '
    'xmlns:eos="http://eos.cern.ch/" xmlns:oc="http://owncloud.org/ns">\n'
    "<d:response><d:href>/store/d/</d:href><d:propstat><d:prop><d:getlastmodified>Mon, 02 Nov 2026 12:00:00 GMT"
    "</d:getlastmodified><d:resourcetype><d:collection/></d:resourcetype><eos:fileid>1</eos:fileid></d:prop>"
    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>\n"
    "<d:response><d:href>/store/d/run 1 (50%).root</d:href><d:propstat><d:prop>"
    f"<d:getcontentlength>5</d:getcontentlength><d:getlastmodified>{DATE}</d:getlastmodified><d:resourcetype/>"
    "<oc:size>99</oc:size></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>\n"
    "</d:multistatus>",
    [file("run 1 (50%).root", 5)],
    encodes=False,
)

NEXTCLOUD = Sample(
    '\n\n<?xml version="1.0"?>\n<d:multistatus xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns" '
    'xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns">'
    "<d:response><d:href>/store/d/Documents/</d:href><d:propstat><d:prop>"
    "<d:getlastmodified>Mon, 02 Nov 2026 12:00:00 +0000</d:getlastmodified><d:resourcetype><d:collection/>"
    "</d:resourcetype><d:quota-used-bytes>78496</d:quota-used-bytes><d:quota-available-bytes>-3"
    "</d:quota-available-bytes></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    # properties that are there come in parts
    "<d:response><d:href>/store/d/a&#38;b.pdf</d:href><d:propstat><d:prop><d:getcontentlength>1"
    "</d:getcontentlength></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop>"
    "<d:resourcetype/><d:getlastmodified>Mon, 02 Nov 2026 12:00:00 UTC</d:getlastmodified></d:prop>"
    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop><oc:checksums/></d:prop>"
    "<d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>"
    "<d:response><d:href>/store/d/secret</d:href><d:status>HTTP/1.1 403 Forbidden</d:status></d:response>"
    "</d:multistatus>",
    [directory("Documents"), file("a&b.pdf", 1)],
    hidden=1,
)

DPM = Sample(
    '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:lcgdm="LCGDM:" xmlns:other="urn:other">'
    "<D:response><D:href>/store/d</D:href><D:propstat><D:prop><lcgdm:mode>040775</lcgdm:mode></D:prop>"
    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    "<D:response><D:href>/store/d/sub</D:href><D:propstat><D:prop><lcgdm:mode>042755</lcgdm:mode>"
    "<D:getcontentlength>0</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    "<D:response><D:href>/store/d/f</D:href><D:propstat><D:prop><lcgdm:mode>0100664</lcgdm:mode>"
    "<other:getcontentlength>999</other:getcontentlength><other:resourcetype><D:collection/></other:resourcetype>"
    "<D:getcontentlength> 8 </D:getcontentlength><D:getlastmodified>some day</D:getlastmodified></D:prop>"
    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>",
    [directory("sub", None), file("f", 8, None)],
)

RELATIVE = Sample(
    '<a:multistatus xmlns:a="DAV:"><a:response><a:href>./</a:href><a:propstat><a:prop><a:resourcetype>'
    "<a:collection/></a:resourcetype></a:prop><a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>"
    "<a:response><a:href>plain.txt</a:href><a:propstat><a:prop><a:getcontentlength>2</a:getcontentlength></a:prop>"
    "<a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>"
    "<a:response><a:href>./sub/</a:href><a:propstat><a:prop><a:displayname>sub</a:displayname></a:prop>"
    "<a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>"
    # twice, and what cannot be names
    "<a:response><a:href>/%73tore/d/plain%2Etxt</a:href><a:propstat><a:prop><a:getcontentlength>2"
    "</a:getcontentlength></a:prop><a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>"
    + "".join(
        f"<a:response><a:href>/store/d/{name}</a:href><a:propstat><a:prop><a:getcontentlength>2</a:getcontentlength>"
        "</a:prop><a:status>HTTP/1.1 200 OK</a:status></a:propstat></a:response>"
        for name in ("..", "%2e%2e", ".", "a%2Fb", "..%2f..%2fetc", "%00", "a%0d%0ab", "%ff", "%c3%28", "%e2%80%a8")
    )
    + "</a:multistatus>",
    [file("plain.txt", 2, None), directory("sub", None)],
    hidden=10,
)

SAMPLES = {
    "apache": APACHE,
    "nginx": NGINX,
    "xrootd": XROOTD,
    "old-xrootd": OLD_XROOTD,
    "dcache": DCACHE,
    "storm": STORM,
    "eos": EOS,
    "nextcloud": NEXTCLOUD,
    "dpm": DPM,
    "relative": RELATIVE,
}
