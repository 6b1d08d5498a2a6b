"""Pages of the site that are files of the project (README, keys, changelog), and notebooks."""

import re
from pathlib import Path

from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "config.md": "config/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""Page of the site -> file of the project."""
PLACES = {file: page for page, file in PAGES.items()}


def on_files(files, config):
    """Add the pages, with links as they are within the site."""
    for page, file in PAGES.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=within(text, Path(file).parent)))
    for path in sorted(Path(config.docs_dir).rglob("*.ipynb")):
        for place, content in notebook(path).items():
            name = path.with_name(place).relative_to(config.docs_dir).as_posix()
            files.append(File.generated(config, name, content=content))
    return files


def notebook(path):
    """Return a notebook as a page, with its stored outputs, and its images, by name."""
    page, held = MarkdownExporter().from_filename(str(path), {"unique_key": path.stem})
    return {f"{path.stem}.md": page} | held["outputs"]


def within(text, folder):
    """Return a text whose links to pages of the site go there; others to code stay words."""

    def place(match):
        label, target = match.groups()
        if re.match(r"https?:|#|mailto:", target):
            return match[0]
        file, _, anchor = target.partition("#")
        path = (ROOT / folder / file).resolve()
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else file
        page = PLACES.get(name, name.removeprefix("docs/") if name.startswith("docs/") else None)
        if page is None:
            return f"`{name}`" if label.strip("`") == name else f"{label} (`{name}`)"
        return f"[{label}]({page}{'#' + anchor if anchor else ''})"

    return re.sub(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", place, text).replace("](docs/", "](")


def on_page_markdown(markdown, page, config, files):
    """Let links of written pages to files of the project go to their pages, too."""
    if page.file.src_uri in PAGES:
        return markdown
    return within(markdown, Path("docs", page.file.src_uri).parent)
