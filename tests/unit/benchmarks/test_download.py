"""Downloads from a local server: whole, gone on with where they broke off, checked."""

import hashlib
import http.server
import threading

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.benchmarks.real_data import catalogue
from lmi.benchmarks.real_data.download import fetch

CONTENT = b"\x89HDF\r\n\x1a\n" + np.random.default_rng(0).bytes(300_000)


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `content` at any path, breaks off the first `breaks` answers after a third."""

    content, breaks, status, tag, asked = CONTENT, 0, 200, '"v1"', []
    content_range, whole_status = "bytes {start}-{last}/{total}", 200

    def do_GET(self):
        cls = type(self)
        cls.asked.append((self.path, self.headers.get("Range")))
        if cls.status != 200:
            self.send_error(cls.status)
            return
        start = 0
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == cls.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(cls.content):
                self.send_error(416)
                return
        self.send_response(206 if start else cls.whole_status)
        if start and cls.content_range:
            total = len(cls.content)
            said = cls.content_range.format(start=start, last=total - 1, total=total)
            self.send_header("Content-Range", said)
        self.send_header("ETag", cls.tag)
        self.send_header("Content-Length", str(len(cls.content) - start))
        self.end_headers()
        body = cls.content[start:]
        if cls.breaks:
            cls.breaks -= 1
            body = body[: len(body) // 3]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_address[1]}"
        yield handler
        running.shutdown()


def test_a_download_is_complete_and_its_digest_recorded(server, tmp_path):
    path = tmp_path / "folder" / "file.h5"
    fetch(f"{server.url}/a/file.h5", path)
    assert path.read_bytes() == CONTENT
    assert sorted(p.name for p in path.parent.iterdir()) == ["file.h5", "file.h5.sha256"]
    record = path.with_name("file.h5.sha256").read_text()
    assert record == f"{hashlib.sha256(CONTENT).hexdigest()}  file.h5\n"


def test_a_broken_download_goes_on_where_it_ended(server, tmp_path):
    server.breaks = 2
    fetch(f"{server.url}/file", tmp_path / "file", wait_s=0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    third = len(CONTENT) // 3
    later = third + (len(CONTENT) - third) // 3
    assert [r for _, r in server.asked] == [None, f"bytes={third}-", f"bytes={later}-"]


def test_a_later_run_goes_on_too_unless_the_file_has_changed(server, tmp_path):
    server.breaks = 1
    with pytest.raises(InputError, match="connection ended"):
        fetch(f"{server.url}/file", tmp_path / "file", attempts=1)
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "file.part").stat().st_size == len(CONTENT) // 3
    server.content, server.tag = CONTENT[::-1], '"v2"'
    fetch(f"{server.url}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "said", ["", "bytes 0-{last}/{total}", "bytes {start}-{last}/*", "bytes {start}-9/{total}"]
)
def test_a_part_that_does_not_say_which_is_not_appended(server, tmp_path, said):
    server.breaks, server.content_range = 1, said
    fetch(f"{server.url}/file", tmp_path / "file", wait_s=0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [bool(r) for _, r in server.asked] == [False, True, False]


def test_a_part_that_nobody_asked_for_is_told(server, tmp_path):
    server.whole_status = 206
    with pytest.raises(InputError, match=r"status 206.*Content-Range ''.*by hand"):
        fetch(f"{server.url}/file", tmp_path / "file", attempts=2, wait_s=0)
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("name", ["file.h5", "file.tsv", "file.mtx.gz"])
@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Log in", b"\xef\xbb\xbf\n <HTML>\n"])
def test_a_page_in_place_of_the_file_is_refused_and_the_part_is_kept(server, tmp_path, name, page):
    server.content = page
    path, part = tmp_path / name, tmp_path / f"{name}.part"
    part.write_bytes(b"a third")
    with pytest.raises(InputError, match=r"found a web page.*by hand to .*file\..*`resources`"):
        fetch(f"{server.url}/{name}", path)
    assert len(server.asked) == 1
    assert part.read_bytes() == b"a third" and not path.exists()


def test_another_format_than_the_ending_says_is_refused(server, tmp_path):
    server.content = b'{"error": "maintenance"}'
    with pytest.raises(InputError, match=r"a file of the format gzip, found b'\{\"error"):
        fetch(f"{server.url}/file.gz", tmp_path / "file.gz")
    server.content = b"a\tb\n"
    fetch(f"{server.url}/file.tsv", tmp_path / "file.tsv")


def test_a_part_that_is_already_all_of_it(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    (tmp_path / "file.part.tag").write_text(server.tag)
    fetch(f"{server.url}/file", tmp_path / "file", wait_s=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_missing_file_is_told_at_once_with_a_way_out(server, tmp_path):
    server.status = 404
    with pytest.raises(InputError) as error:
        fetch(f"{server.url}/gone", tmp_path / "file")
    message = str(error.value)
    assert f"{server.url}/gone" in message and "404" in message and "(1 attempts)" in message
    assert f"by hand to {tmp_path / 'file'}" in message and "`resources`" in message
    assert len(server.asked) == 1


def test_a_server_that_fails_is_asked_again(server, tmp_path):
    server.status = 503
    with pytest.raises(InputError, match=r"503.*\(3 attempts\)"):
        fetch(f"{server.url}/busy", tmp_path / "file", attempts=3, wait_s=0)
    assert len(server.asked) == 3
    with pytest.raises(InputError, match="by hand"):
        fetch("http://127.0.0.1:9/", tmp_path / "file", attempts=1)


def test_another_content_than_at_first_is_an_error(server, tmp_path):
    path = tmp_path / "file"
    fetch(f"{server.url}/file", path)
    path.unlink()
    server.content = CONTENT[:-1]
    with pytest.raises(InputError, match=r"recorded in .*file.sha256.*has changed.*delete"):
        fetch(f"{server.url}/file", path)
    assert not path.exists() and not path.with_name("file.part").exists()
    path.with_name("file.sha256").unlink()
    fetch(f"{server.url}/file", path)
    assert path.read_bytes() == CONTENT[:-1]


def test_a_pinned_digest_must_be_met(server, tmp_path):
    with pytest.raises(InputError, match=r"expected SHA-256 abc, found .*damaged"):
        fetch(f"{server.url}/file", tmp_path / "file", digest="abc")
    fetch(f"{server.url}/file", tmp_path / "file", digest=hashlib.sha256(CONTENT).hexdigest())


def test_addresses():
    base = "https://omnipathdb.org/"
    assert catalogue.url("omnipath", "ligand_receptor.tsv", base) == (
        "https://omnipathdb.org/interactions?datasets=ligrecextra&organisms=9606&format=tsv"
    )
    assert catalogue.path("proteins", standin=True) == "resources/standin/proteins.h5"
