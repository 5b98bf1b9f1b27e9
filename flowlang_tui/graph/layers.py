"""The piece that steps which wait for each other are drawn as: in layers, with lines to those that need them."""

from __future__ import annotations

from collections.abc import Mapping

from flowlang_tui.graph.channel import Channel
from flowlang_tui.graph.pieces import Page, Piece
from flowlang_tui.graph.ranks import Ranked, columns

_BESIDE = 2


class Layers:
    """Pieces in layers. The lines between them are those of `ranked`."""

    def __init__(self, ranked: Ranked, pieces: Mapping[str, Piece]) -> None:
        self.ranked = ranked
        self.pieces = pieces
        extents = {slot: (piece.left, piece.right) for slot, piece in pieces.items()}
        extents.update(dict.fromkeys(ranked.dummies, (0, 0)))
        self.columns = columns(ranked, extents, _BESIDE)
        self._centre()
        self.left = -min(column - extents[slot][0] for slot, column in self.columns.items())
        self.right = max(column + extents[slot][1] for slot, column in self.columns.items())
        room = {slot: min(piece.left, piece.right) - 1 for slot, piece in pieces.items()}
        self.channels = [
            Channel(
                {slot: ranked.below[slot] for slot in upper},
                {slot: self.columns[slot] for slot in upper},
                {slot: self.columns[slot] for slot in lower},
                room,
            )
            for upper, lower in zip(ranked.layers, ranked.layers[1:], strict=False)
        ]
        self.heights = [max(self._height(slot) for slot in layer) for layer in ranked.layers]
        self.height = sum(self.heights) + sum(channel.height for channel in self.channels)
        self.leaves = False
        self.first = pieces[ranked.layers[0][0]].first
        self.entries = [(self.columns[slot], pieces[slot].first) for slot in ranked.layers[0]]

    def draw(self, page: Page, x: int, y: int) -> None:
        for number, layer in enumerate(self.ranked.layers):
            for slot in layer:
                if slot in self.pieces:
                    self.pieces[slot].draw(page, x + self.columns[slot], y)
            bottom = y + self.heights[number] - 1
            if number < len(self.channels):
                self._connect(page, number, x, y, bottom)
                y = bottom + 1 + self.channels[number].height

    def exits(self, x: int, y: int) -> list[tuple[int, int]]:
        return []

    def _connect(self, page: Page, number: int, x: int, top: int, bottom: int) -> None:
        channel, canvas = self.channels[number], page.canvas
        for net, track in channel.tracks.items():
            start, end = channel.span(net)
            canvas.level(bottom + 1 + track, x + start, x + end, "edge", self._target(net.targets))
        after = bottom + 1 + channel.height
        for net in channel.nets:
            node = self._target(net.targets)
            end = bottom + 1 + channel.tracks[net] if net in channel.tracks else after
            for source in net.sources:
                start = top if source in self.ranked.dummies else top + self.pieces[source].height - 1
                canvas.upright(x + channel.exits[source], start, end, "edge", node)
        for (net, target), column in channel.entries.items():
            node = self._target((target,))
            if net in channel.tracks:
                canvas.upright(x + column, bottom + 1 + channel.tracks[net], after, "edge", node)
            if target in self.pieces:
                canvas.arrow(x + column, after, "edge", node)

    def _target(self, targets: tuple[str, ...]) -> str:
        return self.pieces[targets[0]].first if len(targets) == 1 and targets[0] in self.pieces else ""

    def _height(self, slot: str) -> int:
        return self.pieces[slot].height if slot in self.pieces else 1

    def _centre(self) -> None:
        """Count the columns from the middle of the first layer."""
        first = [self.columns[slot] for slot in self.ranked.layers[0]]
        middle = (first[0] + first[-1]) // 2
        self.columns = {slot: column - middle for slot, column in self.columns.items()}
