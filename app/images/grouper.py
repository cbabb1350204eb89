"""A child process that finds the groups of a project's images, so that the web process loads nothing heavy.

`python -m app.images.grouper DESCRIPTOR`, and then over the socket: the request, the images in chunks, an empty
chunk; back come the ids whose pixels are wanted; each one's bytes (empty: not to be had); back come the changes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.images.similar import are_alike, candidate_pairs, components, links_of_equal, miniature
from app.parts import in_parts
from app.projects.grouping import group_of
from ml import pixels

NAME_PREFIX = "name:"
CHANGES_A_MESSAGE = 1000


@dataclass(frozen=True)
class Node:
    """An image, as the parent sends it: a list in this order."""

    id: int
    name: str
    sha256: str
    difference_hash: str
    group_key: str
    twin_key: str | None
    new: bool
    """Not compared with the others yet."""


def serve(connection: Connection) -> None:
    request = receive(connection)
    nodes = sorted((Node(*row) for row in _rows(connection)), key=lambda node: (node.new, node.id))
    first_new = sum(not node.new for node in nodes)
    hashes = np.array([int(node.difference_hash, 16) for node in nodes], dtype=np.uint64)
    pairs = candidate_pairs(hashes, first_new)
    alike = _confirm(connection, nodes, pairs)
    names = [group_of(request["pattern"], node.name) for node in nodes]
    old = [] if request["afresh"] else nodes
    twin_links = [*alike, *links_of_equal([node.twin_key for node in old])]
    links = [*alike, *links_of_equal(names), *links_of_equal([node.group_key for node in old])]
    count = len(nodes)
    changes = _changes(nodes, names, components(count, links), components(count, twin_links))
    send(connection, {"pairs": len(alike), "changes": len(changes)})
    for part in in_parts(changes, CHANGES_A_MESSAGE):
        send(connection, part)


def _rows(connection: Connection) -> Iterator[list[Any]]:
    while chunk := receive(connection):
        yield from chunk


def _confirm(connection: Connection, nodes: list[Node], pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ask for the candidates' pixels, and keep the pairs that truly look the same."""
    wanted = sorted({index for pair in pairs for index in pair})
    send(connection, [nodes[index].id for index in wanted])
    small = {index: _miniature(connection.recv_bytes()) for index in wanted}
    return [(i, j) for i, j in pairs if _same(small[i], small[j])]


def _miniature(data: bytes) -> NDArray[np.float32] | None:
    try:
        return miniature(pixels.decode(data))
    except pixels.UnreadableImageError:
        return None


def _same(one: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> bool:
    return one is not None and other is not None and are_alike(one, other)


def _changes(
    nodes: list[Node], names: list[str | None], first: list[int], first_twin: list[int]
) -> list[tuple[int, str, str | None]]:
    """Return (image id, group key, twin key) of every image of which one is another now.

    A group is named by its first; an image alone has no twins.
    """
    own = [
        f"{NAME_PREFIX}{name}" if name is not None else node.sha256
        for node, name in zip(nodes, names, strict=True)
    ]
    several = {f for i, f in enumerate(first_twin) if i != f}
    twins = [nodes[f].sha256 if f in several else None for f in first_twin]
    return [
        (node.id, own[f], twin)
        for node, f, twin in zip(nodes, first, twins, strict=True)
        if (node.group_key, node.twin_key) != (own[f], twin)
    ]


def send(connection: Connection, message: Any) -> None:
    connection.send_bytes(json.dumps(message).encode())


def receive(connection: Connection) -> Any:
    return json.loads(connection.recv_bytes())


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
