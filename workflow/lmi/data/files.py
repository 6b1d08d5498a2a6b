"""Files and the words of messages about them: what every reader of files needs."""

import difflib
from pathlib import Path

from lmi.base.errors import InputError


def suggest(word, known):
    """Return " (did you mean 'x'?)" with the name most like `word`, or nothing."""
    folded = {str(name).casefold(): str(name) for name in known}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f" (did you mean '{folded[near[0]]}'?)" if near else ""


def some(words, n=5, show=str):
    """Return the first few words, as `show` puts them, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - n} more" if len(words) > n else ""
    return ", ".join(map(show, words[:n])) + more


def first_duplicates(names):
    """Return the names that occur more than once, in order of their second occurrence."""
    seen, twice = set(), {}
    for name in names:
        if name in seen:
            twice[name] = True
        seen.add(name)
    return list(twice)


def check_file(path, what="file"):
    """Raise an InputError unless `path` is a file."""
    if Path(path).is_file():
        return
    folder = Path(path).parent
    found = "it is a folder" if Path(path).is_dir() else "there is no such file"
    near = suggest(Path(path).name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
    if not folder.is_dir():
        found = f"its folder '{folder}' does not exist"
    raise InputError(
        f"{what} '{path}': expected a file, but {found}{near}. "
        f"Paths start from the folder in which the workflow runs, '{Path.cwd()}'"
    )


def stamp(path):
    """Return what changes when a file does; caches use it as part of their key."""
    status = Path(path).stat()
    return status.st_mtime_ns, status.st_size
