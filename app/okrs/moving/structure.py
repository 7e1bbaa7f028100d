"""How the items of a file hang together, and which of them can be taken in at all."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from app.okrs.moving.answers import LEAVE_OUT
from app.okrs.moving.neutral import KEY_RESULT, FileContent, FileItem, FileParent
from app.okrs.moving.numbers import read_figure
from app.okrs.moving.states import Key

_NEAR = Fraction(1, 50)
"""Percentage points by which a weight, rounded to two places, may miss an equal part, twice."""


@dataclass(frozen=True)
class Here:
    """An item that an earlier import brought, or that the file is of."""

    measure_id: int
    is_objective: bool
    is_gone: bool
    """Whether it lies in the bin."""


@dataclass
class Node:
    """An item of the file in its place."""

    item: FileItem
    reference: str
    """By which it is remembered: its id, or a digest of what tells it apart."""
    is_key_result: bool
    here: Here | None = None
    parent: "Node | Here | None" = None
    weight: str = ""
    """What the file says of its part in that."""
    share: Fraction | None = None
    notes: list[str] = field(default_factory=list)
    left_out: str = ""
    """Why it can't be taken in; empty where it can."""

    @property
    def is_under_objective(self) -> bool:
        return self.parent is not None and _is_objective(self.parent)


def _is_objective(place: "Node | Here") -> bool:
    return place.is_objective if isinstance(place, Here) else not place.is_key_result


def arrange(
    content: FileContent,
    kind_of: Callable[[FileItem], str],
    why_not: Callable[[Node], str],
    known: Mapping[str, Here],
    above: Mapping[int, int | None],
) -> list[Node]:
    """The items of the file, in its order.

    `why_not` says why an item can't be taken in, apart from its title and its type. `known` is what
    is here by its reference; `above` what each item here hangs on, by the ids of measures.
    """
    nodes = _nodes(content, kind_of, known)
    for node in nodes:
        node.left_out = node.left_out or _why_left_out(node, kind_of, why_not)
    finder = _Finder(nodes, known)
    for node in nodes:
        if not node.left_out:
            finder.place(node)
    _open_rings(nodes, above)
    _settle_kinds(nodes)
    _give_shares(nodes, content.is_ours)
    return nodes


def _nodes(
    content: FileContent, kind_of: Callable[[FileItem], str], known: Mapping[str, Here]
) -> list[Node]:
    references = _references(content.items)
    first_rows: dict[str, int] = {}
    nodes = []
    for item, reference in zip(content.items, references, strict=True):
        here = known.get(reference)
        is_key_result = kind_of(item) == KEY_RESULT if here is None else not here.is_objective
        node = Node(item, reference, is_key_result, here, notes=list(item.problems))
        if reference in first_rows:
            node.left_out = f"Row {first_rows[reference]} has the same id."
        elif here is not None and here.is_gone:
            node.left_out = "It was deleted here. Bring it back first if it is to be imported."
        elif here is not None and (kind_of(item) == KEY_RESULT) != is_key_result:
            node.notes.append(f"Here it is {_a_kind(is_key_result)}, and stays one.")
        first_rows.setdefault(reference, item.row)
        nodes.append(node)
    return nodes


def _a_kind(is_key_result: bool) -> str:
    return "a key result" if is_key_result else "an objective"


def _why_left_out(
    node: Node,
    kind_of: Callable[[FileItem], str],
    why_not: Callable[[Node], str],
) -> str:
    item = node.item
    if not item.title:
        return "It has no title."
    if kind_of(item) == LEAVE_OUT:
        return f"Items of the type “{item.kind}” are left out." if item.kind else "It has no type."
    return why_not(node)


def _references(items: Sequence[FileItem]) -> list[str]:
    """The ids; where there are none, those by which children name them, else digests."""
    ids = [item.reference for item in items]
    if len(set(ids)) * 2 <= len([one for one in ids if one]):
        ids = ["" for _ in ids]  # the column holds the same word for all, as of a link
    titles = Counter(item.title for item, one in zip(items, ids, strict=True) if not one)
    named: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        for parent in item.parents:
            if parent.reference and parent.title:
                named[parent.title].add(parent.reference)
    taken, seen, found = set(ids), Counter[str](), []
    for item, own in zip(items, ids, strict=True):
        inferred = named.get(item.title, set()) - taken
        if not own and titles[item.title] == 1 and len(inferred) == 1:
            own = inferred.pop()
        if not own:
            digest = _digest(item)
            seen[digest] += 1
            own = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        found.append(own)
    return found


def _digest(item: FileItem) -> str:
    """Of what Viva Goals itself tells items apart by when it imports them."""
    told = "\x1f".join([item.title, *sorted(item.owners), item.kind, item.period])
    return f"d:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:40]}"


class _Finder:
    """Finds what an item names as its parent."""

    def __init__(self, nodes: Sequence[Node], known: Mapping[str, Here]) -> None:
        self._known = known
        self._by_reference = {node.reference: node for node in reversed(nodes)}
        self._by_title: defaultdict[str, list[Node]] = defaultdict(list)
        for node in nodes:
            self._by_title[node.item.title].append(node)

    def place(self, node: Node) -> None:
        parents = node.item.parents
        found = [(one, place) for one in parents if (place := self._place(node, one)) is not None]
        if len(found) > 1:
            node.notes.append(f"It has {len(found)} parents, and only the first is kept.")
        if node.is_key_result:
            found.sort(key=lambda pair: not _is_objective(pair[1]))  # stable: the first that fits
        if found:
            node.parent, node.weight = found[0][1], found[0][0].weight

    def _place(self, node: Node, parent: FileParent) -> "Node | Here | None":
        name = f"“{parent.title}”" if parent.title else parent.reference
        found = self._by_reference.get(parent.reference) if parent.reference else None
        if found is None and parent.reference in self._known:
            here = self._known[parent.reference]
            return None if here.is_gone else here
        if found is None and parent.title and not parent.reference:
            same = self._by_title.get(parent.title, [])
            if len(same) > 1:
                node.notes.append(f"Several items are called {name}, so it stands alone.")
                return None
            found = same[0] if same else None
        if found is None:
            node.notes.append(f"Its parent {name} is neither in the file nor here.")
        elif found.left_out:
            node.notes.append(f"Its parent {name} is left out.")
        return found if found is not None and not found.left_out and found is not node else None


def _settle_kinds(nodes: Sequence[Node]) -> None:
    """A key result that is under no objective becomes one, so that nothing gets lost.

    From the top down: one under another key result fits once that has become an objective.
    """
    children: defaultdict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        if isinstance(node.parent, Node):
            children[id(node.parent)].append(node)
    waiting = [node for node in nodes if not isinstance(node.parent, Node)]
    for node in waiting:  # grows while it is gone through
        if node.is_key_result and not node.is_under_objective:
            _become_objective(node)
        waiting.extend(children[id(node)])


def _become_objective(node: Node) -> None:
    if node.left_out:
        return
    if node.here is not None:
        node.parent = None  # it keeps the objective that it has here
        return
    node.is_key_result = False
    where = "under a key result" if node.parent is not None else "under no objective"
    node.notes.append(f"A key result {where} becomes an objective.")


def _open_rings(nodes: Sequence[Node], above: Mapping[int, int | None]) -> None:
    """Let no chain of alignment close to a ring, together with what is here."""
    by_key = {key_of(node): node for node in nodes if not node.left_out}

    def key_above(key: Key) -> Key | None:
        node = by_key.get(key)
        if node is not None and (node.parent is not None or not node.is_key_result):
            return key_of(node.parent) if node.parent is not None else None
        return above.get(key) if isinstance(key, int) else None

    walked: dict[Key, Key] = {}
    """Each place, with the one from which it was first come by."""
    for start in by_key:
        path: list[Key] = []
        key: Key | None = start
        while key is not None and key not in walked:
            walked[key] = start
            path.append(key)
            key = key_above(key)
        if key is not None and walked[key] == start:
            _open_ring([by_key[one] for one in path[path.index(key) :] if one in by_key])


def key_of(place: "Node | Here") -> Key:
    if isinstance(place, Here):
        return place.measure_id
    return place.reference if place.here is None else place.here.measure_id


def _open_ring(ring: Sequence[Node]) -> None:
    """At the objective that comes last in the file."""
    movable = [node for node in ring if node.parent is not None]
    loose = [node for node in movable if not node.is_key_result] or movable
    last = max(loose, key=lambda node: node.item.row)
    last.parent = None
    last.notes.append("Its alignment would close a ring, and is left out.")


def _give_shares(nodes: Sequence[Node], is_ours: bool) -> None:
    """Shares as the file fixes them. Viva Goals writes equal parts out, too: those stay free."""
    groups: defaultdict[object, list[Node]] = defaultdict(list)
    for node in nodes:
        if not node.left_out and node.is_under_objective:
            place = node.parent
            key = place.measure_id if isinstance(place, Here) else id(place)
            groups[key].append(node)
    for group in groups.values():
        figures = [read_figure(node.weight) for node in group]
        weights = [figure.value if figure else None for figure in figures]
        free = frozenset() if is_ours else _equal_parts(weights)
        for node, weight in zip(group, weights, strict=True):
            is_fixed = weight is not None and weight not in free and 0 <= weight <= 100
            node.share = weight if is_fixed else None


def _equal_parts(weights: Sequence[Fraction | None]) -> frozenset[Fraction]:
    """The weights that are equal parts of what the others leave: nobody fixed those."""
    counted = Counter(one for one in weights if one is not None)
    total = sum((weight * times for weight, times in counted.items()), Fraction(0))
    for weight, times in counted.most_common():
        equal = (100 - (total - weight * times)) / times
        if abs(equal - weight) <= _NEAR and (times > 1 or len(counted) == 1):
            return frozenset({weight})
    return frozenset()
