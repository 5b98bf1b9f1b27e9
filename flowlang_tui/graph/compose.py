"""From a graph to its drawing with boxes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flowlang.language.graph import Graph, GraphBlock
from flowlang_tui.graph.blocks import GAP, Branch, Fork, Frame, Ladder, StepBox, words_of
from flowlang_tui.graph.cells import cells, cut
from flowlang_tui.graph.drawing import Drawing
from flowlang_tui.graph.layers import Layers
from flowlang_tui.graph.outline import INSIDE, Outline
from flowlang_tui.graph.pieces import Chain, Grid, Page, Piece, Stack, Titled
from flowlang_tui.graph.ranks import Ranked
from flowlang_tui.graph.widths import FRAME, RAILS, Widths, shares
from flowlang_tui.inert import inert

#: How often steps in layers are made narrower because the lines between them took more room than thought.
_SQUEEZES = 4


def layout(graph: Graph, width: int, collapsed: Collection[str] = ()) -> Drawing:
    """The graph as boxes, in `width` columns if that is possible, and wider if it isn't."""
    composer = _Composer(Outline(graph, collapsed))
    pieces = composer.lists(graph.blocks_of(None), width, onward=False)
    if pieces is None:
        return Drawing.empty()
    page = Page(pieces.left + 1 + pieces.right, pieces.height)
    pieces.draw(page, pieces.left, 0)
    canvas = page.canvas
    return Drawing(
        canvas.row,
        (canvas.width, canvas.height),
        page.boxes,
        canvas.rows_of,
        frames=page.frames,
        with_badge=page.with_badge,
    )


class _Composer:
    """Makes pieces of lists of steps. Widths are decided from the outside in, places from the inside out."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.words = {node.id: words_of(node, outline.hidden(node.id)) for node in outline.visible()}
        self.widths = Widths(outline, self.words)
        #: How many groups in layers are around what is being made.
        self._depth = 0

    def lists(self, blocks: Sequence[GraphBlock], width: int, *, onward: bool) -> Piece | None:
        """The lists of steps of a flow."""
        pieces: list[Piece] = []
        for block in blocks:
            name = block.name.removeprefix(INSIDE)
            if name in ("steps", "parallel"):
                pieces.append(self.one_list(block, width, onward=onward))
            else:
                pieces.append(Titled(inert(name), self.one_list(block, width - FRAME, onward=False)))
        return None if not pieces else pieces[0] if len(pieces) == 1 else Stack(pieces)

    def one_list(self, block: GraphBlock, width: int, *, onward: bool) -> Piece:
        """A list of steps."""
        if self.outline.is_group(block):
            return self._group(block, width)
        wish, labels = self.widths.boxes(block)
        box = _odd(wish, width)
        pieces: list[Piece] = []
        names: list[str] = []
        for id in block.nodes:
            last = id == block.nodes[-1]
            pieces.append(self._step(id, width, box, labels, onward=onward or not last))
            is_exit = self.outline.graph.node(id).kind == "exit"
            names.append((self.outline.way_around(id) or "") if is_exit else "")
        return Chain(pieces, names[:-1])

    def _group(self, block: GraphBlock, width: int) -> Piece:
        needs = self.outline.needs(block)
        if not any(needs.values()):
            return self._grid(block, width)
        ranked = Ranked(block.nodes, needs)
        layers = self._layers(ranked, width)
        # those around this group will try again, and twice within twice within twice is no end
        if self._depth == 0:
            space = width
            for _ in range(_SQUEEZES):
                beyond = layers.left + layers.right + 1 - width
                if beyond <= 0:
                    break
                space -= beyond
                layers = self._layers(ranked, space)
        return layers

    def _layers(self, ranked: Ranked, width: int) -> Layers:
        pieces: dict[str, Piece] = {}
        self._depth += 1
        for layer in ranked.layers:
            members = [slot for slot in layer if slot not in ranked.dummies]
            space = width - 3 * (len(layer) - len(members)) - GAP * (len(members) - 1)
            widths = [self.widths.of(id) for id in members]
            for id, share in zip(members, shares(widths, space), strict=True):
                pieces[id] = self._member(id, share, self.words[id].natural)
        self._depth -= 1
        return Layers(ranked, pieces)

    def _member(self, id: str, width: int, box: int) -> Piece:
        """A step of a group."""
        return self._step(id, width, _odd(box, width), cells(self.words[id].label), onward=True)

    def _step(self, id: str, width: int, box: int, labels: int, *, onward: bool) -> Piece:
        handler = self.outline.handler(id)
        if handler is None or self.outline.branches(id):
            return self._whole(id, width, box, labels, onward=onward)
        head = self._whole(id, width, box, labels, onward=True)
        around = [Branch("", None)] if onward and head.leaves else []
        label = inert(handler.label)
        space = width - (head.left + 1 + GAP if onward else 0)
        if self.widths.of_list(handler).least <= space:
            return Fork(head, [*around, Branch(label, self.one_list(handler, space, onward=onward))])
        return Ladder(head, [Branch(label, self.one_list(handler, width - RAILS, onward=onward)), *around])

    def _whole(self, id: str, width: int, box: int, labels: int, *, onward: bool) -> Piece:
        """A step with its frame or its branches. What is done when it fails is one of these, or not in here."""
        words, around = self.words[id], self.outline.way_around(id)
        framed = self.outline.framed(id)
        if framed:
            inner = self._inside(framed, max(width, self.widths.of(id).least) - FRAME)
            joins, loops = self.outline.is_group(framed[0]), framed[0].name == "do"
            return Frame(words, inner, box, labels, leaves=onward, joins=joins, loops=loops)
        if self.outline.branches(id):
            return self._branching(id, width, box, labels, onward=onward)
        return StepBox(words, box, labels, leaves=onward and around is not None)

    def _branching(self, id: str, width: int, box: int, labels: int, *, onward: bool) -> Piece:
        """A step with its branches: beside each other if there is room, else below each other."""
        words, around = self.words[id], self.outline.way_around(id)
        handler = self.outline.handler(id)
        blocks = [*self.outline.branches(id), *([handler] if handler is not None else [])]
        bypass = [Branch(around, None)] if onward and around is not None else []
        beside = sum(cells(branch.label) + GAP for branch in bypass)
        # around a single branch the way is on one side only of what is centred on the spine
        space = width - 1 - (2 * beside if len(blocks) == 1 else beside) - GAP * (len(blocks) - 1)
        widths = [self.widths.of_list(block) for block in blocks]
        if sum(each.least for each in widths) <= space:
            branches = [
                self._branch(block, share, onward=onward)
                for block, share in zip(blocks, shares(widths, space), strict=True)
            ]
            return Fork(StepBox(words, box, labels, leaves=True), [*branches, *bypass])
        branches = [self._branch(block, width - RAILS, onward=onward) for block in blocks]
        sides = max(max(branch.left, branch.right) for branch in branches) + RAILS // 2
        return Ladder(StepBox(words, max(box, 2 * sides + 1), labels, leaves=True), [*branches, *bypass])

    def _branch(self, block: GraphBlock, width: int, *, onward: bool) -> Branch:
        return Branch(cut(inert(block.label), max(width, 6)), self.one_list(block, width, onward=onward))

    def _inside(self, blocks: Sequence[GraphBlock], width: int) -> Piece:
        """What is in a frame: a list of steps, or all those of a subflow."""
        if len(blocks) == 1:
            return self.one_list(blocks[0], width, onward=self.outline.is_group(blocks[0]))
        piece = self.lists(blocks, width, onward=False)
        assert piece is not None, "a frame has something inside"
        return piece

    def _grid(self, block: GraphBlock, width: int) -> Grid:
        """Steps of a group that don't need each other, as many as possible beside each other."""
        widths = [self.widths.of(id) for id in block.nodes]
        boxes = [self.words[id].natural for id in block.nodes]
        alike, columns = max(boxes), len(widths)
        if sum(max(each.natural, alike) + 1 for each in widths) - 1 <= width:
            boxes = [alike] * len(boxes)
        share = max(each.natural for each in widths)
        if sum(each.natural + 1 for each in widths) - 1 > width:
            least = max(each.least for each in widths)
            columns = max(1, min(columns, (width + 1) // (least + 1)))
            share = (width + 1) // columns - 1
            boxes = [alike] * len(boxes)
        return Grid([self._member(id, share, box) for id, box in zip(block.nodes, boxes, strict=True)], columns)


def _odd(width: int, most: int) -> int:
    """`width`, or the next to it that has a middle, up to `most`."""
    width = min(width | 1, most)
    return width if width % 2 else width - 1
