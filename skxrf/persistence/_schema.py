"""Look over the schema of an archive of skops before skops builds anything from it.

skops follows the nodes of a schema as they are written. Shared nodes may be written so that they stand
for more objects than a memory holds, and one kind of node calls a constructor with arguments from the
file. Both are refused here, from the text and the nodes alone.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skxrf.exceptions import ModelFileError

from ._archive import SCHEMA

# Kinds of nodes that hold values, name types and functions that skops audits, or make an object without
# its constructor. TreeNode makes a decision tree, of sizes that `_contents.py` compares.
_KINDS = frozenset(
    {
        "BytearrayNode",
        "BytesNode",
        "DTypeNode",
        "DefaultDictNode",
        "DictNode",
        "FunctionNode",
        "JsonNode",
        "ListNode",
        "MaskedArrayNode",
        "NdArrayNode",
        "ObjectNode",
        "OperatorFuncNode",
        "PartialNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "SetNode",
        "SliceNode",
        "SparseMatrixNode",
        "TreeNode",
        "TupleNode",
        "TypeNode",
        "_DictWithDeprecatedKeysNode",
    }
)


@dataclass(frozen=True)
class _Limits:
    """Largest schema that is read."""

    n_tokens: int = 1_000_000  # brackets and commas; a forest of 1000 trees has 330,000
    n_nodes: int = 200_000
    """Objects, each counted as often as skops passes over it; a forest of 1000 trees has 54,000."""
    depth: int = 200  # nested brackets; the shipped model has 19


def check_schema(archive: bytes) -> None:
    """Refuse a schema that would not end, fill the memory or call a constructor."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        text = opened.read(SCHEMA)
    n_tokens = sum(text.count(mark) for mark in (b"{", b"[", b","))
    if n_tokens > _Limits.n_tokens:
        raise ModelFileError(
            f"its schema has {n_tokens:,} values, expected at most {_Limits.n_tokens:,}: it was not "
            "made by save_model, or the model has too many parts to be stored."
        )
    schema = json.loads(text)
    occurrences: dict[Any, list[Any]] = defaultdict(list)
    for node in _all_nodes(schema):
        kind = node["__loader__"]
        if kind not in _KINDS:
            raise ModelFileError(
                f"it holds a {str(kind)[:40]} of {str(node.get('__class__'))[:40]}, which would call "
                "what the file says when it is opened."
            )
        if node.get("__id__"):
            occurrences[_key(node)].append(node)
    if _Visits(occurrences).below(schema) > _Limits.n_nodes:
        raise ModelFileError(
            f"its objects refer to each other so that there are more than {_Limits.n_nodes:,}: it was "
            "not made by save_model, or the model has too many parts to be stored."
        )


def _all_nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every node as written; raise where they are nested too deeply."""
    waiting = [(schema, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > _Limits.depth:
            raise ModelFileError(f"its objects are nested more than {_Limits.depth} deep.")
        if isinstance(one, dict) and "__loader__" in one:
            yield one
        waiting += [(child, depth + 1) for child in _children(one)]


def _children(one: Any) -> list[Any]:
    inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def _key(node: dict[str, Any]) -> Any:
    number = node["__id__"]
    if not isinstance(number, int | str):
        raise ModelFileError("it numbers an object by what is no number.")
    return number


class _Visits:
    """Numbers of objects that skops passes over below a node.

    skops takes what has a number that it has met for the object that it met first. Which one that is
    depends on its order, so the largest is counted.
    """

    def __init__(self, occurrences: dict[Any, list[Any]]) -> None:
        self.occurrences = occurrences
        self.known: dict[Any, int] = {}
        self.open: set[Any] = set()

    def below(self, one: Any) -> int:
        """Count the objects from a part of the schema on."""
        if isinstance(one, dict) and "__loader__" in one:
            return self._node(one)
        return sum(map(self.below, _children(one)))

    def _node(self, node: dict[str, Any]) -> int:
        number = node.get("__id__")
        if not number:
            return 1 + sum(map(self.below, _children(node)))
        if number in self.known:
            return self.known[number]
        if number in self.open:
            raise ModelFileError("an object in it contains itself.")
        self.open.add(number)
        most = max(sum(map(self.below, _children(one))) for one in self.occurrences[number])
        self.open.discard(number)
        self.known[number] = 1 + most
        return 1 + most
