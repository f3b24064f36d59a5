"""Every link of a Markdown page to a file of the project leads to one, and every link to a heading to a heading."""
import os
import re
from urllib.parse import unquote

import house

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def anchors(text):
    """The names that headings have as links, the way code hosts make them."""
    heads = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def against(page, link):
    path, _, anchor = unquote(link).partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if target.startswith(".."):
        return "leads out of the project"
    if not os.path.exists(os.path.join(house.SOURCE, target)):
        return "leads nowhere"
    if anchor and target.endswith(".md") and anchor not in anchors(house.read(target)):
        return f"{target} has no such heading"
    return None


def main():
    findings, pages = [], house.files(".md")
    for page in pages:
        text = house.read(page)
        bare = FENCE.sub(lambda m: "\n" * m[0].count("\n"), text)
        for m in LINK.finditer(bare):
            link = m[1] or m[2]
            why = None if re.match(r"^[a-z]+:", link) else against(page, link)
            if why:
                findings.append(f"{page}:{bare.count(chr(10), 0, m.start()) + 1}: {link}: {why}")
    house.conclude("links lead somewhere (pages)", len(pages), findings)


if __name__ == "__main__":
    main()
