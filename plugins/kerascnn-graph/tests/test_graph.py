"""Graph convolutions: numbers that are known by hand, what no order and no padding changes, and a training."""

import numpy as np
import pytest
from kerascnn_graph import Convolution, Graph, GraphConvolutions, Isomorphism, Rings, graph_array, likeness

import kerascnn
from kerascnn import BuildError, SpecError, UsageError, load_spec
from kerascnn.spec import DataInfo, find
from kerascnn.spec.lint import lint
from kerascnn.templates_list import find_template
from kerascnn.testing import check_backbone, check_component, check_light_import, check_plain_keras, check_source

PATH = [(0, 1), (1, 2)]
LAYERS = [Convolution(units=4), Isomorphism(units=4)]


def backbone_of(nodes, features=1, **fields):
    """Return a Keras model of a backbone for graphs of up to so many nodes."""
    import keras

    inputs = keras.Input((nodes, features + nodes))
    keras.utils.set_random_seed(3)
    return keras.Model(inputs, GraphConvolutions(**fields).apply(inputs)["out"])


def nodes_after(layer, array, kernel):
    """Return what a layer makes of the nodes of one graph, with the same numbers in every kernel."""
    import keras

    rows = len(array)
    inputs = keras.Input(array.shape)
    there = keras.ops.cast(keras.ops.any(keras.ops.not_equal(inputs, 0.0), axis=-1), "float32")
    width = array.shape[1] - rows
    y = layer.apply(inputs[..., :width], Graph(inputs[..., width:], there), "layer")
    model = keras.Model(inputs, y)
    for one in model.layers:
        if isinstance(one, keras.layers.Dense):
            one.kernel.assign(kernel)
    return model.predict_on_batch(array[None])[0]


def test_the_plugin_is_installed_under_its_name():
    assert find("graph.layer", "graph.convolution") is Convolution
    assert find("backbone", "graph.convolutions") is GraphConvolutions


@pytest.mark.parametrize("component", [*LAYERS, GraphConvolutions(layers=LAYERS), Rings()], ids=lambda c: c.type_name)
def test_each_component_conforms(component):
    check_component(component)


def test_it_is_light_to_import():
    check_light_import("kerascnn_graph")


def test_a_graph_is_its_features_beside_its_edges():
    array = graph_array([[7.0, 0.5], [8.0, 0.5]], [(1, 0), (0, 1), (1, 1)], 3)
    assert array.tolist() == [[7, 0.5, 0, 1, 0], [8, 0.5, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_copies_are_alike_in_whatever_order_their_nodes_stand():
    path = likeness(graph_array([[1], [1], [2]], PATH, 3))
    for features, edges in (([[1], [2], [1]], [(0, 2), (1, 0)]), ([[2], [1], [1]], PATH)):
        assert likeness(graph_array(features, edges, 5)) == path
    for features in ([[1], [2], [1]], [[1], [1], [1]]):
        assert likeness(graph_array(features, PATH, 3)) != path


@pytest.mark.parametrize(
    ("features", "edges", "said"),
    [
        ([1, 2], [], r"shape \(2,\)"),
        ([[1], [1], [1]], [], "has 3 nodes; the model takes 2"),
        ([[1], [1]], [(0, 2)], r"the edge \(0, 2\) leads to a node that is not there; there are 0 to 1"),
    ],
)
def test_what_is_no_graph_is_refused(features, edges, said):
    with pytest.raises(UsageError, match=said):
        graph_array(features, edges, 2)


def test_a_convolution_weighs_neighbours_by_the_roots_of_degrees():
    # With loops the degrees are 2, 3 and 2.
    found = nodes_after(Convolution(units=1), graph_array([[1], [2], [4]], PATH, 4), [[1.0]])
    mixed = 1 / np.sqrt(6)
    assert found[:3, 0] == pytest.approx([1 / 2 + 2 * mixed, 2 / 3 + 5 * mixed, 4 / 2 + 2 * mixed], rel=1e-6)


def test_an_isomorphism_layer_sums_neighbours():
    # Batch normalisation that has learnt nothing divides by the root of 1 + 1e-3, twice.
    found = nodes_after(Isomorphism(units=1, epsilon=0.5), graph_array([[1], [2], [4]], PATH, 3), [[1.0]])
    assert found[:, 0] * 1.001 == pytest.approx([1.5 + 2, 3 + 5, 6 + 2], rel=1e-6)


@pytest.mark.parametrize(("readout", "wanted"), [("mean", [2, -2]), ("sum", [6, -6]), ("max", [3, -1])])
def test_rows_that_are_no_node_count_for_nothing(readout, wanted):
    import keras

    inputs = keras.Input((5, 2))
    there = keras.Input((5,))
    row = keras.Model([inputs, there], GraphConvolutions(layers=LAYERS, readout=readout)._row(inputs, there))
    values = np.array([[1, -1], [2, -2], [3, -3], [9, 9], [9, 9]], "float32")
    is_node = np.array([1, 1, 1, 0, 0], "float32")
    assert row.predict_on_batch([values[None], is_node[None]])[0].tolist() == wanted


def test_neither_the_order_of_nodes_nor_padding_changes_the_answer():
    rng = np.random.default_rng(0)
    features, order = rng.normal(size=(5, 2)), [3, 0, 4, 1, 2]
    edges = [(0, 1), (1, 2), (2, 0), (3, 4)]
    moved = [(order.index(a), order.index(b)) for a, b in edges]
    for readout in ("mean", "sum", "max"):
        fields = {"layers": LAYERS, "readout": readout, "every_layer": True}
        small, large = backbone_of(5, 2, **fields), backbone_of(9, 2, **fields)
        large.set_weights(small.get_weights())
        wanted = small.predict_on_batch(graph_array(features, edges, 5)[None])[0]
        assert len(wanted) == 2 + 4 + 4
        assert small.predict_on_batch(graph_array(features[order], moved, 5)[None])[0] == pytest.approx(
            wanted, abs=1e-5
        )
        assert large.predict_on_batch(graph_array(features, edges, 9)[None])[0] == pytest.approx(wanted, abs=1e-5)


def test_a_sum_tells_two_copies_from_one_and_a_mean_does_not():
    triangle = [(0, 1), (1, 2), (2, 0)]
    one = graph_array(np.ones((3, 1)), triangle, 6)
    two = graph_array(np.ones((6, 1)), [*triangle, (3, 4), (4, 5), (5, 3)], 6)
    for readout, factor in (("mean", 1), ("sum", 2)):
        first, second = backbone_of(6, layers=LAYERS, readout=readout).predict_on_batch(np.stack([one, two]))
        assert first.any()
        assert second == pytest.approx(factor * first, rel=1e-5)


def test_the_backbone_conforms():
    check_backbone(GraphConvolutions(layers=LAYERS, every_layer=True), (6, 8), plain_keras=False)


def test_rows_without_columns_are_refused():
    spec = load_spec(find_template("graph.rings"))
    with pytest.raises(BuildError, match=r"takes graphs, \(nodes, features \+ nodes\), and was given \(20, 17\)"):
        kerascnn.build_model(spec, DataInfo.of((20, 17), 2))


def test_rings_have_as_many_edges_as_nodes_and_trees_one_less():
    scan = check_source(Rings(graphs=40, fewest=5, most=9, seed=2))
    for sample in scan.samples:
        nodes, adjacency = int(sample.metadata["nodes"]), sample.payload[:, 1:]
        assert sample.payload.shape == (9, 10)
        assert sample.payload[:, 0].sum() == nodes
        assert adjacency.sum() == 2 * (nodes if sample.label == "ring" else nodes - 1)
        # All nodes can be reached from the first that is there.
        reached = np.linalg.matrix_power(adjacency + np.eye(9), 9)[0] > 0
        assert reached.sum() == nodes


def test_a_range_of_nodes_the_wrong_way_round_is_refused(tmp_path):
    text = find_template("graph.rings").read_text("utf-8")
    text = text.replace("type: graph.rings", "type: graph.rings\n    fewest: 9\n    most: 5")
    (tmp_path / "spec.yaml").write_text(text, "utf-8")
    with pytest.raises(SpecError, match="the smallest has 9 nodes and the largest 5"):
        load_spec(tmp_path / "spec.yaml")


def test_a_graph_layer_that_is_none_is_refused_at_its_place(tmp_path):
    text = find_template("graph.rings").read_text("utf-8").replace("graph.isomorphism", "graph.isomorphic", 1)
    (tmp_path / "spec.yaml").write_text(text, "utf-8")
    with pytest.raises(SpecError, match=r"backbone.layers.0.type: .*did you mean 'graph.isomorphism'"):
        load_spec(tmp_path / "spec.yaml")


def test_a_rule_speaks_where_the_adjacency_matrix_would_be_changed(tmp_path):
    template = find_template("graph.rings")
    assert lint(load_spec(template)) == []
    text = template.read_text("utf-8").replace("normalize: none", "normalize: each")
    text = text.replace("  split:", "  length: 12\n  split:").replace(
        "model:", "augment: [{type: series_jitter}]\nmodel:"
    )
    (tmp_path / "spec.yaml").write_text(text, "utf-8")
    said = {advice.path for advice in lint(load_spec(tmp_path / "spec.yaml")) if advice.id == "graph.kept_as_it_is"}
    assert said == {("model", "preprocess", "normalize"), ("data", "length"), ("augment",)}


def test_no_copy_of_a_training_graph_is_held_back(run):
    lines = run.folder.manifest()
    trained = {line["group"] for line in lines if line["split"] == "train"}
    assert len(trained) < sum(line["split"] == "train" for line in lines)
    assert not trained & {line["group"] for line in lines if line["split"] != "train"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return kerascnn.train(find_template("graph.rings"), folder, overrides=["train.stages.0.epochs=7"])


def test_its_template_learns_rings(run):
    report = run.evaluate("validation")
    assert report["floor"]["accuracy"] == 0.5
    assert report["metrics"]["accuracy"] > 0.8


def test_the_report_has_slices_by_the_number_of_nodes(run):
    run.evaluate("validation")
    assert "nodes: 6 to" in (run.path / "report.html").read_text("utf-8")


def test_a_run_answers_for_graphs_in_arrays_and_files(run, tmp_path):
    nodes = run.model.input_shape[1]
    ring = graph_array(np.ones((8, 1)), [(i, (i + 1) % 8) for i in range(8)], nodes)
    line = graph_array(np.ones((8, 1)), [(i, i + 1) for i in range(7)], nodes)
    said = run.predict([ring, line])
    assert [one.label for one in said] == ["ring", "tree"]
    np.save(tmp_path / "ring.npy", ring)
    assert run.predict(tmp_path / "ring.npy")[0].probabilities == pytest.approx(said[0].probabilities, abs=1e-6)


def test_a_saved_run_opens_with_keras_alone(run):
    mixed = backbone_of(6, layers=LAYERS, readout="max", every_layer=True)
    check_plain_keras({"run": run.model, "mixed": mixed}, without=["kerascnn", "kerascnn_graph"])
