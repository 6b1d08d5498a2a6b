"""Words of messages: names like a mistyped one, the first few of many, what comes twice."""

import difflib
from collections.abc import Callable, Iterable


def suggest(word: object, names: Iterable) -> str:
    """Return " (did you mean 'x'?)" with the name most like `word`, or nothing."""
    folded = {str(name).casefold(): str(name) for name in names}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f" (did you mean '{folded[near[0]]}'?)" if near else ""


def some(words: Iterable, n: int = 5, show: Callable = str) -> str:
    """Return the first few words, as `show` puts them, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - n} more" if len(words) > n else ""
    return ", ".join(map(show, words[:n])) + more


def counted(n: int, noun: str) -> str:
    """Return a number of things in words: 1 pair, 2,016 pairs."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def pair_name(x: str, y: str, lag: int = 0) -> str:
    """Return the name of a pair on one line."""
    at = f" at lag {lag:+d}" if lag else ""
    return " ".join(f"{x} – {y}{at}".split())


def first_duplicates(names: Iterable) -> list:
    """Return the names that occur more than once, in order of their second occurrence."""
    seen: set = set()
    twice = {}
    for name in names:
        if name in seen:
            twice[name] = True
        seen.add(name)
    return list(twice)
