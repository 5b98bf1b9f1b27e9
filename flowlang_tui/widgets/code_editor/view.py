"""What is shown of a document: every line in one row of the screen, but for those that are folded away."""

from __future__ import annotations

from textual.geometry import Offset, clamp
from textual.widgets.text_area import DocumentNavigator, Location, WrappedDocument

from flowlang_tui.widgets.code_editor.cells import cells_of
from flowlang_tui.widgets.code_editor.document import CodeDocument
from flowlang_tui.widgets.code_editor.folding import Folds
from flowlang_tui.widgets.code_editor.languages import TAB_WIDTH


class FoldedView(WrappedDocument):
    """The document as rows of the screen. Nothing is wrapped, so nothing has to be computed when the text changes."""

    def __init__(self, document: CodeDocument) -> None:
        self.code = document
        self.folds = Folds()
        super().__init__(document, tab_width=TAB_WIDTH)

    @property
    def wrapped(self) -> bool:
        return False

    @property
    def height(self) -> int:
        """How many rows are shown."""
        return self.code.line_count - self.folds.hidden_count

    @property
    def lines(self) -> list[list[str]]:
        return [[line] for line in self.code.lines]

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """There is nothing to wrap."""

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """There is nothing to wrap."""

    def row_at(self, y: int) -> int | None:
        """The line that is shown in a row of the view; None below the last."""
        row = self.folds.row_at(y)
        return row if 0 <= row < self.code.line_count else None

    def offset_to_location(self, offset: Offset) -> Location:
        """The location that is shown at a place; the nearest if there is none."""
        row = self.folds.row_at(clamp(offset[1], 0, self.height - 1))
        return row, cells_of(self.code.lines[row]).column(max(0, offset[0]))

    def location_to_offset(self, location: Location) -> Offset:
        """Where a location is shown; a hidden one at the line that it is folded into."""
        row = clamp(location[0], 0, self.code.line_count - 1)
        return Offset(cells_of(self.code.lines[row]).cell(location[1]), self.folds.y_of(row))

    def get_target_document_column(self, line_index: int, x_offset: int, y_offset: int) -> int:
        """The column of a line that is shown in a cell."""
        return cells_of(self.code.lines[line_index]).column(x_offset)

    def get_sections(self, line_index: int) -> list[str]:
        """The line, as its only section."""
        return [self.code.lines[line_index]]

    def get_offsets(self, line_index: int) -> list[int]:
        """A line is never broken."""
        return []

    def get_tab_widths(self, line_index: int) -> list[int]:
        """Tabs are the business of `cells`."""
        return []


class FoldedNavigator(DocumentNavigator):
    """Moves the cursor over what is shown."""

    def __init__(self, view: FoldedView) -> None:
        super().__init__(view)
        self.view = view

    def get_location_left(self, location: Location) -> Location:
        """One character to the left; from the start of a line to the end of the line shown above."""
        row, column = location
        if column > 0:
            return row, column - 1
        return self._end(self.view.folds.shown_head(row - 1)) if row else (0, 0)

    def get_location_right(self, location: Location) -> Location:
        """One character to the right; from the end of a line to the start of the line shown below."""
        row, column = location
        if column < len(self.view.code.lines[row]):
            return row, column + 1
        below = self.view.row_at(self.view.folds.y_of(row) + 1)
        return location if below is None else (below, 0)

    def get_location_above(self, location: Location) -> Location:
        """The place above; the start of the text from the first line."""
        y = self.view.folds.y_of(location[0])
        return self._at(location, y - 1) if y else (0, 0)

    def get_location_below(self, location: Location) -> Location:
        """The place below; the end of the line from the last one."""
        y = self.view.folds.y_of(location[0])
        return self._at(location, y + 1) if y < self.view.height - 1 else self._end(location[0])

    def _at(self, location: Location, y: int) -> Location:
        x = max(self.view.code.cell(location), self.last_x_offset)
        return self.view.offset_to_location(Offset(x, y))

    def _end(self, row: int) -> Location:
        return row, len(self.view.code.lines[row])
