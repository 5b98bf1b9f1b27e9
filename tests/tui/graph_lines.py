"""Follows the lines of a drawing, as the eye does."""

from __future__ import annotations

from flowlang_tui.graph import Drawing

_PORTS = {
    "│": "NS", "─": "EW", "╭": "ES", "╮": "SW", "╰": "NE", "╯": "NW",
    "├": "NES", "┤": "NSW", "┬": "ESW", "┴": "NEW", "┼": "NESW", "╵": "N", "╷": "S",
}  # fmt: skip
_STEPS = {"N": (0, -1), "E": (1, 0), "S": (0, 1), "W": (-1, 0)}
_OPPOSITE = {"N": "S", "E": "W", "S": "N", "W": "E"}


class Lines:
    """The cells of a drawing, each with its character and the role it is painted in."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.cells: dict[tuple[int, int], tuple[str, str]] = {}
        for y, row in enumerate(drawing.rows):
            x = 0
            for run in row:
                for character in run.text:
                    self.cells[x, y] = character, run.role
                    x += 1
        self.tops = {(x, box.y): node for node, box in drawing.boxes.items() for x in range(box.x, box.right + 1)}

    def lead_from(self, node: str, *, along_borders: bool = True) -> set[str]:
        """The steps that lines lead to from the lower borders of a step."""
        boxes = [self.drawing.boxes[node]]
        if node in self.drawing.frames:
            boxes.append(self.drawing.frames[node])
        pending = [
            ((x, box.bottom + 1), "S")
            for box in boxes
            for x in range(box.x + 1, box.right)
            if "S" in _PORTS.get(self.cells[x, box.bottom][0], "")
        ]
        found: set[str] = set()
        seen = set(pending)
        while pending:
            (x, y), direction = pending.pop()
            character, role = self.cells.get((x, y), (" ", ""))
            if character == "▼":
                found.add(self.tops[x, y])
                continue
            if not along_borders and role in ("box", "frame"):
                continue
            for way in self._ways(character, role, direction):
                dx, dy = _STEPS[way]
                following = ((x + dx, y + dy), way)
                if following not in seen:
                    seen.add(following)
                    pending.append(following)
        return found

    @staticmethod
    def _ways(character: str, role: str, direction: str) -> str:
        """Where a line goes on from a cell that is entered in a direction: never up again."""
        if role == "branch":
            return "ESW"
        ports = _PORTS.get(character, "")
        if _OPPOSITE[direction] in ports:
            return ports.replace("N", "")
        return direction if ports == "NS" else ""
