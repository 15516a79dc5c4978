import base64
import io
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from kerascnn.cli.data import _facts
from kerascnn.engine.data import load_data
from kerascnn.engine.data_cards import say_sample
from kerascnn.engine.data_page import write_data_page
from kerascnn.errors import ResourceError
from kerascnn.sources.image_folder import ImageFolder
from kerascnn.spec import Sample, Scan, spec_from_dict
from tests.engine.made import make_folder, make_spec

HOSTILE = "<img src=x onerror=alert(1)>'\"&\x1b[2J\n"


class Tags(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def of(self, wanted, cls=None):
        return [attrs for tag, attrs in self.tags if tag == wanted and (cls is None or attrs.get("class") == cls)]


def page(spec, tmp_path):
    data = load_data(spec, keep=False)
    write_data_page(tmp_path / "page.html", spec, data, _facts(spec, data))
    return (tmp_path / "page.html").read_text("utf-8")


def section(text, name):
    """Return the part of a page that is about a finding."""
    sections = re.findall(r"<section class='finding'>.*?</section>", text)
    (found,) = [part for part in sections if f"</span>{name}</h3>" in part]
    return found


def chapter(text, title):
    return text.split(f"<h2>{title}", 1)[1].split("<h2>", 1)[0]


def pictures(text):
    for found in re.findall(r"src='data:image/jpeg;base64,([^']*)'", text):
        with Image.open(io.BytesIO(base64.b64decode(found, validate=True))) as image:
            image.load()
            yield image


def large(folder, **counts):
    """Write pictures that are large enough for the hash of near duplicates, and all different."""
    rng = np.random.default_rng(7)
    for label, count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            blocks = rng.integers(0, 256, (8, 9), "uint8")
            Image.fromarray(blocks).resize((300, 100), 0).save(folder / label / f"{i:03d}.png")
    return folder


def text_spec(tmp_path):
    for label, word in (("good", "fine"), ("bad", "<script>alert(1)</script>")):
        (tmp_path / "texts" / label).mkdir(parents=True)
        for i in range(12):
            (tmp_path / "texts" / label / f"{i}.txt").write_text(f"{word} number {i} " + "x " * 20 * i)
    return sequence_spec("text_classification", {"type": "text_folder", "path": str(tmp_path / "texts")})


def sequence_spec(task, source):
    layers = [{"type": "conv1d", "filters": 2, "kernel_size": 3}]
    tree = {
        "kerascnn": 1,
        "name": "small",
        "task": {"type": task},
        "data": {"source": source},
        "model": {"backbone": {"type": "layers", "layers": layers}, "head": {"type": "classifier"}},
    }
    return spec_from_dict(tree)


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "data", {"cat": 20, "dog": 12})


def test_the_page_stands_alone_and_is_the_same_each_time(folder, tmp_path):
    text = page(make_spec(folder), tmp_path)
    assert "http:" not in text
    assert "https:" not in text
    tags = Tags(text)
    assert not {"script", "link", "iframe", "object", "a", "form"} & {tag for tag, _ in tags.tags}
    assert all(attrs["src"].startswith("data:image/jpeg;base64,") for attrs in tags.of("img"))
    (policy,) = [attrs["content"] for attrs in tags.of("meta") if "content" in attrs and "http-equiv" in attrs]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert page(make_spec(folder), tmp_path) == text


def test_names_of_files_and_classes_are_text(folder, tmp_path):
    (folder / "cat").rename(folder / HOSTILE)
    for label in (HOSTILE, "dog"):
        shutil.copy(folder / "dog" / "000.png", folder / label / f"{HOSTILE}.png")
    (folder / "dog" / f"{HOSTILE}2.png").write_bytes(b"")
    text = page(make_spec(folder), tmp_path)
    tags = Tags(text)
    assert not [attrs for _, attrs in tags.tags if any(key.startswith("on") for key in attrs)]
    assert all(set(attrs) == {"alt", "width", "height", "src"} for attrs in tags.of("img"))
    assert "\x1b" not in text
    said = "<img src=x onerror=alert(1)>'\"&\\x1b[2J\\n"
    assert any(f"dog/{said}.png" in part for part in tags.text)
    assert said in tags.text  # the class in the table


def test_names_of_other_bytes_than_utf8_are_shown(folder, tmp_path):
    (folder / "cat" / "000.png").rename(folder / "cat" / "caf\udce9.png")
    (folder / "dog" / "000.png").rename(folder / "dog" / "\udce9.png")
    (folder / "dog" / "\udce9.png").write_bytes(b"")
    assert "dog/\\udce9.png" in section(page(make_spec(folder), tmp_path), "unreadable")


def test_classes_are_counted_with_a_bar_of_their_splits(folder, tmp_path):
    part = chapter(page(make_spec(folder), tmp_path), "Classes and splits")
    cells = [re.findall(r"<t[dh]>([^<]*)</t[dh]>", row) for row in re.findall("<tr>.*?</tr>", part)]
    assert cells == [
        ["class", "", "train", "validation", "test", "all"],
        ["cat", "10", "5", "5", "20"],
        ["dog", "6", "3", "3", "12"],
        ["all samples", "", "16", "8", "8", "32"],
    ]
    widths = re.findall(r"<span class='(\w+)' style='width: ([\d.]+)%'>", part)
    assert widths[:3] == [("train", "50.00"), ("validation", "25.00"), ("test", "25.00")]
    assert widths[3:] == [("train", "30.00"), ("validation", "15.00"), ("test", "15.00")]


def test_findings_come_by_weight_with_what_to_do(folder, tmp_path):
    (folder / "cat" / "empty.png").write_bytes(b"")
    shutil.copy(folder / "cat" / "000.png", folder / "cat" / "copy.png")
    text = page(make_spec(folder), tmp_path)
    badges = re.findall(r"<span class='badge (\w+)'>(\w+)</span>([\w-]+)</h3>", text)
    assert badges == [
        ("error", "error", "unreadable"),
        ("warning", "warning", "small-class"),
        ("warning", "warning", "small-data"),
        ("said", "note", "duplicate"),
    ]
    assert "leave them out with data.allow: [unreadable]</p>" in section(text, "unreadable")
    assert "<strong>This stops a training.</strong>" in section(text, "unreadable")
    assert "is empty (0 bytes)" in section(text, "unreadable")
    assert "lint.ignore: [small-data]" in section(text, "small-data")
    assert "<p class='note'>dog</p>" in section(text, "small-class")
    assert "1 of them cannot be read." in text
    allowed = page(make_spec(folder, data={"allow": ["unreadable"]}), tmp_path)
    assert "Allowed by data.allow." in section(allowed, "unreadable")
    assert "Nothing odd was found." not in text


def test_without_findings_that_is_said(tmp_path):
    spec = make_spec(make_folder(tmp_path / "data", {"cat": 30, "dog": 30}), augment=[{"type": "random_flip"}])
    assert "Nothing odd was found." in page(spec, tmp_path)


def test_copies_stand_side_by_side(folder, tmp_path):
    for i in range(3):
        shutil.copy(folder / "cat" / f"{i:03d}.png", folder / "dog" / f"copy{i}.png")
    text = page(make_spec(folder), tmp_path)
    said = "This stops a training. Mend it, or let it stand with data.allow: [duplicate-across-splits]."
    assert said in section(text, "duplicate-across-splits")
    part = section(text, "duplicate-label")
    groups = part.split("<div class='together'>")[1:]
    assert [re.findall(r"<figcaption>([^<]*)", group) for group in groups] == [
        [f"cat/{i:03d}.png", f"dog/copy{i}.png"] for i in range(3)
    ]


def test_pictures_that_look_alike_stand_side_by_side_each_once(tmp_path):
    folder = large(tmp_path / "data", cat=12, dog=12)
    for i in range(2):
        with Image.open(folder / "cat" / f"{i:03d}.png") as image:
            for k in range(2):
                image.point(lambda value, k=k: value // 2 + k).save(folder / "dog" / f"like{i}{k}.png")
    text = page(make_spec(folder), tmp_path)
    part = section(text, "near-duplicate-label")
    groups = [re.findall(r"<figcaption>([^<]*)", group) for group in part.split("<div class='together'>")[1:]]
    assert [len(group) for group in groups] == [2, 2]
    for number, (cat, dog) in enumerate(groups):
        assert cat == f"cat/{number:03d}.png"
        assert dog in {f"dog/like{number}0.png", f"dog/like{number}1.png"}
    assert "and 2 more samples" in part


def test_small_pictures_keep_their_shape_and_a_gallery_ends(tmp_path):
    folder = large(tmp_path / "data", cat=30)
    Image.new("L", (20, 10), 200).save(folder / "cat" / "small.png")
    make_folder(folder, {"dog": 1}, size=(40, 400))
    for i in range(30):
        shutil.copy(folder / "cat" / f"{i:03d}.png", folder / "dog" / f"copy{i}.png")
    text = page(make_spec(folder, data={"image_size": [64, 64]}), tmp_path)
    sizes = {image.size for image in pictures(text)}
    assert sizes <= {(128, 43), (20, 10), (128, 13)}
    assert (128, 43) in sizes
    part = section(text, "duplicate-label")
    assert len(list(pictures(part))) == 24
    assert "and 36 more samples" in part


def test_a_small_picture_shows_what_the_file_shows(tmp_path):
    folder = make_folder(tmp_path / "data", {"cat": 9, "dog": 9}, channels=3)
    for label, colour in (("cat", (200, 30, 40)), ("dog", (10, 60, 220))):
        for i in range(9):
            Image.new("RGB", (300 + i, 200), colour).save(folder / label / f"{i:03d}.png")
    part = chapter(page(make_spec(folder, data={"image_size": [32, 32]}), tmp_path), "Some samples")
    cats, dogs = part.split("<h3>dog</h3>")
    for text, colour in ((cats, (200, 30, 40)), (dogs, (10, 60, 220))):
        for image in pictures(text):
            assert np.abs(np.asarray(image, "int") - colour).max() <= 6


def test_sizes_and_shapes_are_measured(tmp_path):
    folder = make_folder(tmp_path / "data", {"cat": 10, "dog": 10}, size=(10, 20))
    for i in range(5):
        Image.new("L", (60, 30), i).save(folder / "cat" / f"large{i}.png")
    part = chapter(page(make_spec(folder, data={"image_size": [16, 16]}), tmp_path), "Sizes")
    assert re.findall("<tr>(.*?)</tr>", part)[1:] == [
        "<td>width</td><td>20</td><td>20</td><td>60</td>",
        "<td>height</td><td>10</td><td>10</td><td>30</td>",
        "<td>width / height</td><td>2</td><td>2</td><td>2</td>",
    ]
    drawn = re.findall("<svg.*?</svg>", part)
    assert len(drawn) == 2  # all have one shape
    assert [sum(map(int, re.findall(r": (\d+)</title>", svg))) for svg in drawn] == [25, 25]


def test_forms_are_counted(folder, tmp_path):
    for i in range(3):
        Image.new("L", (8, 8), 60 * i).save(folder / "cat" / f"{i}.bmp")
    Image.new("RGBA", (8, 8), (9, 9, 9, 9)).save(folder / "cat" / "clear.png")
    Image.fromarray(np.full((8, 8), 999, "uint16")).save(folder / "cat" / "deep.png")
    part = chapter(page(make_spec(folder), tmp_path), "Forms")
    assert dict(re.findall(r"<td>([^<]*)</td><td>(\d+)</td>", part)) == {
        "format: PNG": "34",
        "format: BMP": "3",
        "mode: L or RGB": "35",
        "mode: RGBA": "1",
        "mode: I;16": "1",
        "bits a channel: 16": "1",
        "transparent in places": "1",
        "channels that the model takes: 3": "37",
    }


def test_up_to_eight_training_samples_of_twenty_classes_are_shown(tmp_path):
    folder = make_folder(tmp_path / "data", {f"c{i:02d}": 20 for i in range(25)})
    spec = make_spec(folder)
    text = page(spec, tmp_path)
    part = chapter(text, "Some samples of the train split")
    assert re.findall("<h3>([^<]*)</h3>", part) == [f"c{i:02d}" for i in range(20)]
    assert "and 5 more classes" in part
    names = re.findall("<figcaption>([^<]*)", part)
    assert len(names) == len(set(names)) == 160
    train = {line["id"] for line in load_data(spec, keep=False).manifest if line["split"] == "train"}
    assert set(names) <= train
    assert len(text) < 2_000_000


@pytest.mark.parametrize("channels", [2, 5])
def test_of_many_channels_a_picture_is_made(folder, tmp_path, monkeypatch, channels):
    rng = np.random.default_rng(0)
    arrays = [Sample(str(i), rng.integers(0, 256, (10, 12, channels), "uint8"), "ab"[i % 2]) for i in range(12)]
    monkeypatch.setattr(ImageFolder, "scan", lambda self: Scan(arrays, ["a", "b"]))
    found = list(pictures(page(make_spec(folder, data={"color": "all"}), tmp_path)))
    assert {image.size for image in found} == {(12, 10)}
    assert {image.mode for image in found} == {"L" if channels == 2 else "RGB"}


def test_a_picture_that_went_away_is_told_in_its_place(folder, tmp_path):
    spec = make_spec(folder)
    data = load_data(spec, keep=False)
    shutil.rmtree(folder / "dog")
    write_data_page(tmp_path / "page.html", spec, data, _facts(spec, data))
    assert "<div class='lost'>is not there</div>" in (tmp_path / "page.html").read_text("utf-8")


def test_a_folder_that_is_not_there_is_an_error(folder, tmp_path):
    with pytest.raises(ResourceError, match="cannot write"):
        page(make_spec(folder), tmp_path / "nowhere")


# Other answers and other data.


def of_table(folder, tmp_path, task, head, rows, **columns):
    header = ",".join(["path", *("x" if isinstance(v, str) else ",".join(v) for v in columns.values())])
    (folder / "t.csv").write_text("\n".join([header, *rows]))
    tree = make_spec(folder).spell()
    tree["data"]["source"] = {"type": "manifest", "path": str(folder / "t.csv"), **columns}
    tree["model"]["head"] = {"type": head}
    return page(spec_from_dict({**tree, "task": {"type": task}}), tmp_path)


def test_a_picture_of_several_classes_is_shown_with_each(folder, tmp_path):
    rows = [f"cat/{i:03d}.png,{'a;b' if i % 2 else 'b'}" for i in range(20)]
    text = of_table(folder, tmp_path, "image_multilabel", "multilabel_classifier", rows, labels_column="x")
    part = chapter(text, "Some samples")
    assert re.findall("<h3>([^<]*)</h3>", part) == ["a", "b"]
    assert "<span class='note'>train: a, b</span>" in part
    # Two lots of ten, by the rarest class; round(2.5) of each are held back, which is 2.
    assert "<tr><td>all samples</td><td></td><td>12</td><td>4</td><td>4</td><td>20</td></tr>" in text


def test_pictures_with_numbers_are_shown_with_them(folder, tmp_path):
    rows = [f"cat/{i:03d}.png,{i}.25,{-i}" for i in range(20)]
    text = of_table(folder, tmp_path, "image_regression", "regressor", rows, target_columns=["x", "y"])
    part = chapter(text, "Some samples")
    assert "<h3>" not in part
    said = re.findall(r"cat/0*(\d+)\.png<span class='note'>train: ([^<]*)</span>", part)
    assert len(said) == 8
    assert all(values == f"{number}.25, {-int(number)}" for number, values in said)


def test_a_sample_of_boxes_is_named_by_their_classes():
    line = {"split": "train", "boxes": [["dog", 0, 0, 1, 1], ["cat", 0, 0, 1, 1], ["dog", 1, 1, 2, 2]]}
    assert say_sample(line) == "train: cat, dog"
    assert say_sample({"split": "test", "mask": "abc"}) == "test"


def discs(tmp_path, **data):
    """Return a spec on 12 pictures of 30 x 40: grey ground, and from every second one on a light square upper left."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i in range(12):
        mask = np.zeros((30, 40), "uint8")
        mask[5:15, 5:15] = 7 * (i % 2)
        mask[25:, 30:] = 9 if i == 11 else 0
        Image.fromarray(np.where(mask == 7, 200, 90 + i).astype("uint8")).save(tmp_path / "images" / f"{i:02d}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i:02d}.png")
    source = {"type": "image_masks", "images": str(tmp_path / "images"), "masks": str(tmp_path / "masks")}
    source |= {"values": [0, 7], "class_names": ["ground", "<square>"]}
    tree = {
        "kerascnn": 1,
        "name": "discs",
        "task": {"type": "image_segmentation"},
        "data": {"source": source, "image_size": [40, 40], **data},
        "model": {"backbone": {"type": "unet_encoder", "filters": [4, 8]}, "head": {"type": "segmenter"}},
    }
    return spec_from_dict(tree)


def squares(tmp_path, image_size):
    """Return a spec on 12 pictures of 48 x 64 with a square of 20 and, on every second one, a square of 10 pixels."""
    rng = np.random.default_rng(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for i in range(12):
        places = [(0, *rng.integers(0, 10, 2).tolist(), 20), (1, *rng.integers(32, 38, 2).tolist(), 10)][: 1 + i % 2]
        lines = [f"{k} {(x + s / 2) / 64} {(y + s / 2) / 48} {s / 64} {s / 48}" for k, y, x, s in places]
        Image.fromarray(rng.integers(0, 99, (48, 64), "uint8")).save(tmp_path / "images" / f"{i:03d}.png")
        (tmp_path / "labels" / f"{i:03d}.txt").write_text("\n".join(lines))
    tree = {
        "kerascnn": 1,
        "name": "squares",
        "task": {"type": "object_detection"},
        "data": {
            "source": {"type": "yolo", "path": str(tmp_path), "class_names": ["big", "small"]},
            "image_size": image_size,
        },
        "model": {"backbone": {"type": "simple_cnn", "filters": [4, 8]}, "head": {"type": "center_detector"}},
    }
    return spec_from_dict(tree)


def test_masks_tint_the_pictures_as_the_model_takes_them_with_a_legend(tmp_path):
    part = chapter(page(discs(tmp_path), tmp_path), "Some samples")
    assert "Masks are drawn on the pictures as the model takes them." in part
    assert re.findall("<h3>([^<]*)</h3>", part) == ["ground", "&lt;square&gt;"]
    squares = part.split("<h3>&lt;square&gt;</h3>")[1]
    assert re.findall(r"</span>([^<]+)</p>", squares) == ["nothing is learnt here"]
    assert "></span>ground<span" in squares
    assert "></span>&lt;square&gt;<span" in squares
    for image in pictures(squares):
        assert image.size == (40, 40)
        pixels = np.asarray(image, "int")
        # The frame above and below is striped grey; the square lies 5 pixels lower in it than in the picture.
        assert np.ptp(pixels[:3], axis=-1).max() < 24
        assert pixels[:3].std() > 25
        wanted = 0.6 * 200 + 0.4 * np.array([0xD1, 0x48, 0x0D])
        assert np.abs(pixels[14:17, 9:12].mean((0, 1)) - wanted).max() < 12


def test_a_finding_about_masks_shows_where_nothing_is_learnt(tmp_path):
    part = section(page(discs(tmp_path), tmp_path), "mask-values")
    (image,) = pictures(part)
    pixels = np.asarray(image, "int")[31:34, 32:38]
    assert pixels.std() > 20
    assert "nothing is learnt here" in part


def test_boxes_lie_on_the_pictures_with_their_names(tmp_path):
    text = page(squares(tmp_path, [64, 64]), tmp_path)
    part = chapter(text, "Some samples")
    assert "Boxes are drawn on the pictures as the model takes them." in part
    cards = re.findall("<figure class='card drawn'>.*?</figure>", part)
    assert cards
    for card in cards:
        (number,) = re.findall(r"<figcaption>images/(\d+)\.png", card)
        lines = (tmp_path / "labels" / f"{number}.txt").read_text().splitlines()
        assert card.count("fill='none'") == len(lines)
        for line in lines:
            label, x, y, width, height = line.split()
            # 48 x 64 in 64 x 64: 8 pixels of frame above.
            left, top = 64 * (float(x) - float(width) / 2), 48 * (float(y) - float(height) / 2) + 8
            side = 64 * float(width)
            assert f"<rect x='{left:.1f}' y='{top:.1f}' width='{side:.1f}' height='{side:.1f}' fill='none'" in card
            assert f">{('big', 'small')[int(label)]}</text>" in card
    assert "http:" not in text
    assert not [attrs for _, attrs in Tags(text).tags if any(key.startswith("on") for key in attrs)]


def test_texts_are_shown_in_a_table(tmp_path):
    text = page(text_spec(tmp_path), tmp_path)
    assert "24 texts, as the model takes them:" in text
    assert "<script" not in text
    assert not list(pictures(text))
    part = chapter(text, "Some samples")
    rows = re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td></tr>", part)
    assert len(rows) == 16
    by_name = {name: said for name, _, said in rows}
    long = next(said for name, said in by_name.items() if name.startswith(("bad/11", "good/11")))
    assert len(long.replace("&lt;", "<").replace("&gt;", ">")) == 303
    assert long.endswith("...")
    assert {label for _, label, _ in rows} == {"train: good", "train: bad"}
    assert "<td>tokens</td>" in chapter(text, "Sizes")


def test_series_are_shown_as_curves_with_gaps(tmp_path):
    x = np.tile(np.linspace(0, 1, 50, dtype="float32")[:, None], (24, 1, 2))
    x += np.arange(24, dtype="float32")[:, None, None]
    x[:, 20:25, 0] = np.nan
    np.savez(tmp_path / "s.npz", x=x, y=np.arange(24) % 2)
    spec = sequence_spec("series_classification", {"type": "series_arrays", "path": str(tmp_path / "s.npz")})
    part = chapter(page(spec, tmp_path), "Some samples")
    curves = re.findall("<svg.*?</svg>", part)
    assert len(curves) == 16
    for svg in curves:  # two stretches of the first channel, one of the second
        lines = re.findall(r"<polyline points='([^']*)'[^>]*var\(--(\w+)\)", svg)
        points = [line.split() for line, _ in lines]
        assert [colour for _, colour in lines] == ["mark", "mark", "second"]
        assert [len(some) for some in points] == [20, 25, 50]
        assert (points[2][0], points[2][-1]) == ("2.0,57.0", "318.0,3.0")


def test_a_long_sound_is_drawn_by_its_edges(tmp_path):
    from scipy.io import wavfile

    for label, level in (("loud", 30000), ("soft", 3000)):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for i in range(10):
            wave = level * np.sin(np.arange(16_000) * (0.05 + 0.01 * i))
            wavfile.write(tmp_path / "sounds" / label / f"{i}.wav", 16_000, wave.astype("int16"))
    spec = sequence_spec("audio_classification", {"type": "audio_folder", "path": str(tmp_path / "sounds")})
    text = page(spec, tmp_path)
    curve = re.search(r"<polyline points='([^']*)'", chapter(text, "Some samples")).group(1).split()
    assert len(curve) == 320
    heights = [float(point.split(",")[1]) for point in curve]
    assert (min(heights), max(heights)) == (3, 57)
    assert "sample rate: 16000" in text
