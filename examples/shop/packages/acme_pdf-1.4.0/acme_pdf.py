"""A tiny receipt renderer, made for this example. This version puts text into the document without escaping it."""

VERSION = "1.4.0"


def render(title: str, lines: list[str]) -> str:
    """Return a receipt as SVG; what the customer wrote becomes markup."""
    rows = "".join(f'<text x="8" y="{32 + 16 * number}">{line}</text>' for number, line in enumerate(lines))
    return f'<svg xmlns="http://www.w3.org/2000/svg"><text x="8" y="16">{title}</text>{rows}</svg>'
