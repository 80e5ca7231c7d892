"""A page of the library, parsed."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Headings, tables as rows of text, other text by its tag, and everything that would be fetched."""

    def __init__(self, path):
        super().__init__()
        self.headings, self.tables, self.fetched, self.tags, self.open = [], [], [], [], []
        self.texts = {"p": [], "li": [], "text": [], "title": []}
        self.feed(path.read_text("utf-8"))
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.fetched += [value for name, value in attributes if name in ("src", "href", "srcset")]
        if tag not in ("meta", "img", "input", "!doctype"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append("")
        elif tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += text
        elif self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings[-1] += text
        elif self.open and self.open[-1] in self.texts:
            self.texts[self.open[-1]][-1] += text


def percent(text):
    """Read a share as a page spells it."""
    return float(text.removesuffix("\u202f%"))


def counted(text):
    """Read a count as a page spells it."""
    return float(text.replace("\u202f", ""))
