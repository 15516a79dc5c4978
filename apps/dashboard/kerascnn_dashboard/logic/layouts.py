"""How data has to lie, drawn as text."""

from __future__ import annotations

from collections.abc import Mapping

_FOLDERS = """\
{name}/
    {one}/          the name of the folder is the class
        1{end}
        2{end}
    {two}/
        3{end}"""
_TABLE = """\
or a table ({name}.csv) beside the files:
    path,label
    1{end},{one}
    3{end},{two}"""
_SERIES = """\
{name}.csv          a series on each row, {first} first
    {head},t0,t1,t2,t3
    {one},0.1,0.4,0.2,0.0
    {two},0.9,0.7,0.8,0.6
or a row for each moment:
    id,time,{head},value
    a,0,{one},0.1
    a,1,{one},0.4"""
_LAYOUTS: Mapping[tuple[str, str], str] = {
    ("image", "class"): _FOLDERS.format(name="pictures", one="cat", two="dog", end=".jpg")
    + "\n" + _TABLE.format(name="labels", one="cat", two="dog", end=".jpg")
    + "\nor arrays (.npz, .npy), or the IDX files of MNIST",
    ("image", "classes"): """\
pictures/
    1.jpg
    2.jpg
    labels.csv      every class of a picture, divided by ;
        path,labels
        1.jpg,beach;sunset
        2.jpg,city""",
    ("image", "values"): """\
pictures/
    1.jpg
    2.jpg
    labels.csv      a number for each picture
        path,value
        1.jpg,12.5
        2.jpg,7""",
    ("image", "mask"): """\
data/
    images/
        1.jpg
        2.jpg
    masks/          of the same names; a grey value for each class
        1.png
        2.png""",
    ("image", "boxes"): """\
data/               as YOLO has it
    images/1.jpg
    labels/1.txt    class x y width height, a line for each box
    classes.txt     the names of the classes
or as Pascal VOC has it: JPEGImages/ and Annotations/ with .xml files
or as COCO has it: a folder of pictures and a .json file""",
    ("text", "class"): _FOLDERS.format(name="texts", one="praise", two="blame", end=".txt")
    + """
or a table (texts.csv)
    text,label
    "I liked it.",praise
    "Never again.",blame""",
    ("series", "class"): _SERIES.format(name="series", first="its class", head="label", one="walking", two="running")
    + "\nor .ts files as the UCR and UEA archives have them, or arrays x and y (.npz)",
    ("series", "values"): _SERIES.format(
        name="series", first="the number to be predicted", head="target", one="12.5", two="7"
    )
    + "\nor .ts files as the TSER archive has them, or arrays x and y (.npz)",
    ("series", "forecast"): """\
series.csv          a row for each moment
    time,power
    2024-05-31T12:00,4.1
    2024-05-31T13:00,4.4""",
    ("audio", "class"): _FOLDERS.format(name="sounds", one="rain", two="wind", end=".wav")
    + "\n" + _TABLE.format(name="labels", one="rain", two="wind", end=".wav"),
}  # fmt: skip


def layout(reads: str, target: str) -> str:
    """Return how data of a kind with answers of a kind has to lie."""
    return _LAYOUTS.get((reads, target), "what one of the sources for this task reads; see the page Plugins")
