"""Files of the user: what they hold says whether they changed."""

import os

from lmi.base import paths


def test_a_fingerprint_is_that_of_the_content_whatever_the_date(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"abc")
    large.write_bytes(bytes(3_000_000))
    first = {path: paths.fingerprint(path) for path in (small, large)}
    for path in (small, large):
        date = os.stat(path)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
        assert paths.fingerprint(path) != first[path]
        content[-1] ^= 1
        path.write_bytes(content)
        assert paths.fingerprint(path) == first[path]
