"""The text files of the TU collection, and every line of them that does not fit."""

import pytest
from kerascnn_graph import TuDataset, tudataset

from kerascnn import DataError
from kerascnn.testing import check_component, check_source

FILES = {
    # A triangle with the labels 0, 7, 0 and two nodes with the labels 7, 12.
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n1, 3\n3, 1\n4, 5\n5,4\n",
    "graph_indicator": "1\n1\n1\n2\n2\n",
    "graph_labels": "1\n-1\n",
    "node_labels": "0\n7\n0\n7\n12\n",
}


@pytest.fixture
def write(tmp_path):
    def write(**changed):
        folder = tmp_path / "DS"
        folder.mkdir()
        for key, text in {**FILES, **changed}.items():
            if text is not None:
                (folder / f"DS_{key}.txt").write_text(text, "utf-8")
        return TuDataset(path=str(folder))

    return write


def test_it_conforms(write):
    source = write()
    check_component(source)
    check_source(source)


def test_features_are_labels_of_nodes_beside_the_edges(write):
    scan = write().scan()
    assert scan.labels == ["-1", "1"]
    assert [(s.id, s.label, s.metadata) for s in scan.samples] == [
        ("000001", "1", {"nodes": "3"}),
        ("000002", "-1", {"nodes": "2"}),
    ]
    assert scan.samples[0].payload.tolist() == [[1, 0, 0, 0, 1, 1], [0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 1, 0]]
    assert scan.samples[1].payload.tolist() == [[0, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]


def test_without_labels_each_node_has_the_number_1(write):
    first = write(node_labels=None, A="2, 1\n1, 1\n").scan().samples[0].payload
    assert first.tolist() == [[1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]


def test_copies_are_in_one_group_unless_it_is_said_otherwise(write):
    # The triangle again, its nodes in another order.
    more = {"A": FILES["A"] + "6, 7\n7, 8\n6, 8\n", "graph_indicator": FILES["graph_indicator"] + "3\n3\n3\n"}
    source = write(**more, graph_labels="1\n-1\n1\n", node_labels=FILES["node_labels"] + "7\n0\n0\n")
    first, second, third = source.scan().samples
    assert first.group == third.group != second.group
    apart = source.model_copy(update={"copies_together": False}).scan().samples
    assert [sample.group for sample in apart] == [None] * 3


def test_large_graphs_are_left_out_and_that_is_said(write):
    source = write()
    scan = source.model_copy(update={"most_nodes": 2}).scan()
    assert [sample.payload.shape for sample in scan.samples] == [(2, 4)]
    assert scan.notes == ["1 graph has more than 2 nodes and are left out"]
    with pytest.raises(DataError, match="no graph has 1 nodes or fewer"):
        source.model_copy(update={"most_nodes": 1}).scan()


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"A": "1, 2\n1, 9\n"}, "DS_A.txt:2", "has '1, 9'; an edge is the numbers of two nodes, 1 to 5"),
        ({"A": "1 2\n"}, "DS_A.txt:1", "has '1 2'; an edge"),
        ({"A": "1, 2, 3\n"}, "DS_A.txt:1", "an edge"),
        ({"A": "1, 2\n\n2, 3\n"}, "DS_A.txt:2", "has ''; an edge"),
        ({"A": "3, 4\n"}, "DS_A.txt:1", "ties the node 3 of the graph 1 to 4 of the graph 2"),
        ({"graph_indicator": "1\n1\nx\n2\n2\n"}, "DS_graph_indicator.txt:3", "has 'x'; it should be the number"),
        ({"graph_indicator": "1\n1\n1\n2\n3\n"}, "DS_graph_indicator.txt:5", "a graph, 1 to 2"),
        ({"graph_labels": "1\n\n2\n"}, "DS_graph_labels.txt:2", "is empty"),
        ({"graph_labels": "1\n1\n1\n"}, "DS_graph_labels.txt:3", "the graph 3, to which no node belongs"),
        ({"node_labels": "0\n0\n"}, "DS_node_labels.txt:3", "the file has 2 lines; there are 5 nodes"),
    ],
)
def test_a_line_that_does_not_fit_is_named(write, changed, place, said):
    with pytest.raises(DataError) as caught:
        write(**changed).scan()
    assert any(name.endswith(place) and said in reason for name, reason in caught.value.files), caught.value


def test_every_line_that_does_not_fit_is_named_at_once(write):
    with pytest.raises(DataError, match=r"^3 lines in .* cannot be used") as caught:
        write(A="1, 2\nx\n3, 4\n", node_labels="0\n0\n0\n0\n").scan()
    assert len(caught.value.files) == 3


def test_files_that_are_not_there_are_named(write, tmp_path):
    with pytest.raises(DataError, match="1 file is missing") as caught:
        write(A=None).scan()
    assert caught.value.files[0][0].endswith("DS_A.txt")
    with pytest.raises(DataError, match=r"one file \*_graph_indicator.txt \(there is none\)"):
        TuDataset(path=str(tmp_path)).scan()
    with pytest.raises(DataError, match=r"there is no folder .*gone"):
        TuDataset(path=str(tmp_path / "gone")).scan()


def test_a_set_that_does_not_fit_into_memory_is_refused_before_it_is_made(write, monkeypatch):
    monkeypatch.setattr(tudataset, "_MOST_BYTES", 100)
    with pytest.raises(DataError, match=r"2 graphs of up to 3 nodes take .* data.source.most_nodes"):
        write().scan()
