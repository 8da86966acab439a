"""Models in files: damaged, hostile and foreign ones are refused."""

import hashlib
import io
import json
import pickle
import sys
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeRegressor

from skxrf.exceptions import ModelFileError
from skxrf.persistence import load_model, model_info, save_model
from skxrf.physics import DetectorResponse
from tests.persistence.conftest import DATA
from tests.persistence.test_models import MODELS


class Bomb:
    """A pickle of it writes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_pickle_is_never_opened(protocol, tmp_path):
    (tmp_path / "model").write_bytes(pickle.dumps(Bomb(tmp_path / "ran"), protocol))
    with pytest.raises(ModelFileError, match="save_model"):
        load_model(tmp_path / "model")
    assert not (tmp_path / "ran").exists()
    if protocol:
        with pytest.raises(ModelFileError, match="is a pickle"):
            model_info(tmp_path / "model")


def test_other_files_are_named(tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "torch.pt")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "cube.h5").write_bytes(b"\x89HDF\r\n\x1a\n rest")
    for name, part in [("torch.pt", "torch"), ("text", "not a model"), ("cube.h5", "HDF5")]:
        with pytest.raises(ModelFileError, match=part):
            load_model(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="nothing"):
        load_model(tmp_path / "nothing")


@settings(max_examples=40)
@given(at=st.integers(0, 12_002), mask=st.integers(1, 255), cut=st.booleans())
def test_every_flipped_byte_and_every_cut_is_noticed(at, mask, cut, tmp_path_factory):
    content = bytearray((DATA / "model_format_1.skxrf").read_bytes())
    if cut:
        del content[at:]
    else:
        content[at] ^= mask
    path = tmp_path_factory.getbasetemp() / "flipped.skxrf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        load_model(path)


def forged(path, change, source=DATA / "model_format_1.skxrf", header=None):
    """A file whose schema was changed by someone who also set the checksum right."""
    magic, _, rest = source.read_bytes().split(b"\n", 2)
    head, archive = rest.split(b"\n", 1)
    head = json.dumps(json.loads(head) | (header or {})).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(packed, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "schema.json":
                schema = json.loads(data)
                data = json.dumps(change(schema) or schema)
            new.writestr(member.filename, data)
    body = head + b"\n" + packed.getvalue()
    path.write_bytes(magic + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def nodes(schema):
    if isinstance(schema, dict):
        yield schema
    for child in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(child, dict | list):
            yield from nodes(child)


def test_unknown_types_are_named_and_not_made(tmp_path):
    def to_system(schema):
        for node in nodes(schema):
            if node.get("__class__") == "ChannelBinner":
                node |= {"__class__": "Popen", "__module__": "subprocess"}

    forged(tmp_path / "model", to_system)
    with pytest.raises(ModelFileError, match=r"subprocess\.Popen"):
        load_model(tmp_path / "model")


def test_functions_and_modules_of_others_are_not_imported(tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text("open('ran', 'w').close()")

    def to_function(schema):
        for node in nodes(schema):
            if node.get("__class__") == "ChannelBinner":
                node.clear()
                node |= {
                    "__class__": "function",
                    "__module__": "evil",
                    "__loader__": "FunctionNode",
                    "content": {"module_path": "evil", "function": "f"},
                }

    forged(tmp_path / "model", to_function)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelFileError, match="evil"):
        load_model(tmp_path / "model")
    assert "evil" not in sys.modules
    assert not (tmp_path / "ran").exists()


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    forged(
        tmp_path / "model", lambda schema: None, header={"format": 2, "versions": {"skxrf": "9"}}
    )
    with pytest.raises(ModelFileError, match=r"format 2, written by skxrf 9.*Upgrade"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("content", ["[1000000000000]", "[7]", '"x"', "null"])
def test_settings_that_do_not_fit_the_weights_are_refused(content, tmp_path):
    def widen(schema):
        for node in nodes(schema):
            inner = node.get("content")
            if isinstance(inner, dict) and "hidden_layer_sizes" in inner:
                inner["hidden_layer_sizes"] = {
                    "__class__": "str",
                    "__module__": "builtins",
                    "__loader__": "JsonNode",
                    "content": content,
                    "is_json": True,
                }

    forged(tmp_path / "model", widen)
    with pytest.raises(ModelFileError, match="no model that can be built"):
        load_model(tmp_path / "model")


def test_a_schema_that_is_nonsense_gives_an_error_of_ours(tmp_path):
    for schema in ({}, [], {"protocol": 0}, {"protocol": 2, "__loader__": "ListNode"}):
        forged(tmp_path / "model", lambda _, schema=schema: schema or {"protocol": 1})
        with pytest.raises(ModelFileError):
            load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**6), ("right_child", 0), ("feature", 10**6), ("feature", -5)],
)
def test_trees_that_would_crash_the_process_are_refused(field, value, spectra, tmp_path):
    X, Y = spectra
    forest = RandomForestRegressor(2, max_depth=3, random_state=0).fit(X, Y)
    save_model(forest, tmp_path / "forest")
    state = forest.estimators_[1].tree_.__getstate__()
    state["nodes"][field][0] = value
    forest.estimators_[1].tree_.__setstate__(state)
    with pytest.raises(ModelFileError, match="decision tree names"):
        save_model(forest, tmp_path / "damaged")

    # The same, in a file that did not come from save_model.
    import skops.io

    _, _, rest = (tmp_path / "forest").read_bytes().split(b"\n", 2)
    body = rest.split(b"\n", 1)[0] + b"\n" + skops.io.dumps(forest)
    digest = hashlib.sha256(body).hexdigest().encode()
    (tmp_path / "forged").write_bytes(b"skxrf model\n" + digest + b"\n" + body)
    with pytest.raises(ModelFileError, match="decision tree names"):
        load_model(tmp_path / "forged")


class OwnRegressor(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_what_cannot_be_opened_again_is_not_saved(spectra, tmp_path):
    X, Y = spectra
    unsafe = {
        "own class": OwnRegressor().fit(X, Y["Fe_K"]),
        "own function": make_pipeline(FunctionTransformer(lambda X: X), Ridge()).fit(X, Y),
        "tree of neighbours": KNeighborsRegressor(algorithm="kd_tree").fit(X[:, :4], Y),
        "boosting": GradientBoostingRegressor(n_estimators=2).fit(X, Y["Fe_K"]),
    }
    for model in unsafe.values():
        with pytest.raises(ModelFileError, match="cannot be stored safely"):
            save_model(model, tmp_path / "model")
    for wrong in (Ridge, "a name", {"ridge": Ridge()}):
        with pytest.raises(ModelFileError, match="takes a fitted estimator"):
            save_model(wrong, tmp_path / "model")
    with pytest.raises(ValueError, match="not fitted"):
        save_model(Ridge(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(spectra, tmp_path):
    X, Y = spectra
    save_model(Ridge().fit(X, Y), tmp_path / "model")
    before = (tmp_path / "model").read_bytes()
    with pytest.raises(ModelFileError):
        save_model(OwnRegressor().fit(X, Y["Fe_K"]), tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == before
    with pytest.raises(FileNotFoundError, match="no folder"):
        save_model(Ridge().fit(X, Y), tmp_path / "no" / "model")


def plain(items, number):
    """A list as skops writes it."""
    return {
        "__class__": "list",
        "__module__": "builtins",
        "__loader__": "ListNode",
        "content": items,
        "__id__": number,
    }


def put_in(schema, node):
    """Give the outermost object of a schema one more attribute."""
    inner = schema["content"]
    inner["content"]["extra_"] = node
    inner["key_types"]["content"].append(inner["key_types"]["content"][0])


def test_shared_objects_that_stand_for_more_than_a_memory_holds_are_refused(tmp_path):
    def share(schema):
        node = plain([], "a1")
        for i in range(2, 42):
            node = plain([node, plain([], f"a{i - 1}")], f"a{i}")
        put_in(schema, node)

    forged(tmp_path / "model", share)
    with pytest.raises(ModelFileError, match="refer to each other"):
        load_model(tmp_path / "model")


def test_an_object_that_contains_itself_is_refused(tmp_path):
    forged(tmp_path / "model", lambda schema: put_in(schema, plain([plain([], "a")], "a")))
    with pytest.raises(ModelFileError, match="contains itself"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("n", [400, 2_000_000])
def test_schemas_too_deep_or_too_long_are_refused(n, tmp_path):
    def grow(schema):
        schema["extra"] = [0] * n
        for _ in range(n if n < 1000 else 0):
            schema["extra"] = [schema["extra"]]

    forged(tmp_path / "model", grow)
    with pytest.raises(ModelFileError, match=r"nested|values"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("kind", ["ConstructorFromReduceNode", "MethodNode", "LossNode"])
def test_no_constructor_is_called_with_what_a_file_holds(kind, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(DetectorResponse, "__init__", lambda self, *args: called.append(args))
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    node = {
        "__class__": "DetectorResponse",
        "__module__": "skxrf.physics._detector",
        "__loader__": kind,
        "content": plain([text | {"content": '"of the file"', "is_json": True}], "a")
        | {"__class__": "tuple", "__loader__": "TupleNode"},
    }
    forged(tmp_path / "model", lambda schema: put_in(schema, node))
    with pytest.raises(ModelFileError, match=f"{kind} of DetectorResponse"):
        load_model(tmp_path / "model")
    assert not called


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["ridge", "mlp"])
def test_weights_that_are_no_numbers_are_refused(name, value, spectra, tmp_path):
    X, Y = spectra
    model = clone(MODELS[name]).fit(X, Y)
    if name == "ridge":
        model.coef_[0, 3] = value
    else:
        next(model.net_.module_.parameters()).data.ravel()[0] = value
    with pytest.raises(ModelFileError, match="not finite"):
        save_model(model, tmp_path / "model")

    sound = clone(MODELS[name]).fit(X, Y)
    save_model(sound, tmp_path / "model")
    forged_arrays(tmp_path / "forged", tmp_path / "model", value)
    with pytest.raises(ModelFileError, match=r"not finite|no model"):
        load_model(tmp_path / "forged")


def forged_arrays(path, source, value):
    """A file in which the first value of each floating-point array is another."""
    magic, _, rest = source.read_bytes().split(b"\n", 2)
    head, archive = rest.split(b"\n", 1)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(packed, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename.endswith(".npy"):
                array = np.load(io.BytesIO(data))
                if array.dtype.kind == "f" and array.size:
                    array.flat[0] = value
                stream = io.BytesIO()
                np.save(stream, array)
                data = stream.getvalue()
            new.writestr(member.filename, data)
    body = head + b"\n" + packed.getvalue()
    path.write_bytes(magic + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator", 5),
        ("steps", [1]),
        ("line_groups", [["Fe_K"]]),
        ("n_channels", "many"),
        ("energy_range", [1.0]),
        ("energy_range", ["a", "b"]),
        ("versions", ["1.0"]),
        ("versions", {"skxrf": {"a": 1}}),
    ],
)
def test_a_header_of_wrong_types_is_refused(name, value, tmp_path):
    header = json.dumps({"format": 1, "estimator": "Ridge", name: value}).encode()
    body = header + b"\n" + b"PK"
    digest = hashlib.sha256(body).hexdigest().encode()
    (tmp_path / "model").write_bytes(b"skxrf model\n" + digest + b"\n" + body)
    with pytest.raises(ModelFileError, match=rf"header with errors \({name} is "):
        model_info(tmp_path / "model")


def test_names_of_types_are_shown_as_plain_text(tmp_path):
    def rename(schema):
        schema["__class__"] = "Ridge\x1b[2J\n" + "A" * 10_000

    forged(tmp_path / "model", rename)
    with pytest.raises(ModelFileError, match="does not know") as error:
        load_model(tmp_path / "model")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("kind", [np.random.RandomState, np.random.MT19937, np.random.Philox])
def test_generators_at_places_outside_their_state_are_refused(kind, spectra, tmp_path):
    X, Y = spectra
    generator = kind(0)
    model = Ridge().fit(X, Y).set_params(random_state=generator)
    if kind is np.random.RandomState:
        name, key, *_ = generator.get_state()
        generator.set_state((name, key, 10**6, 0, 0.0))
    else:
        state = generator.state
        (state["state"] if kind is np.random.MT19937 else state).update(pos=10**6, buffer_pos=10**6)
        generator.state = state
        model.random_state = np.random.Generator(generator)
    with pytest.raises(ModelFileError, match="random numbers is at a place"):
        save_model(model, tmp_path / "model")


def test_trees_that_predict_no_numbers_are_refused(spectra, tmp_path):
    X, Y = spectra
    model = DecisionTreeRegressor(max_depth=2).fit(X, Y)
    model.tree_.value[0] = np.nan
    with pytest.raises(ModelFileError, match="values of a decision tree are not finite"):
        save_model(model, tmp_path / "model")


def test_other_files_are_not_read_whole(tmp_path, monkeypatch):
    with (tmp_path / "cube.h5").open("wb") as stream:
        stream.write(b"\x89HDF\r\n\x1a\n")
        stream.truncate(2**33)
    with pytest.raises(ModelFileError, match="is HDF5"):
        load_model(tmp_path / "cube.h5")
    with (tmp_path / "model").open("wb") as stream:
        stream.write(b"skxrf model\n")
        stream.truncate(2**33)
    with pytest.raises(ModelFileError, match="more than the"):
        load_model(tmp_path / "model")
