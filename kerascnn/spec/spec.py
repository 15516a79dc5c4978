"""The spec: what to train, on what data, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec.component import OneOf
from kerascnn.spec.embedding import Embedding, EmbeddingField
from kerascnn.spec.fields import ImageSize, Range, RegularExpression
from kerascnn.spec.kinds import Augmentation, Backbone, Head, Metric, Source, Task
from kerascnn.spec.search import SECTION, SpecSweep
from kerascnn.spec.section import Section, section
from kerascnn.spec.training import Train, twice

Fraction = Annotated[float, Field(ge=0, lt=1)]


class SplitLists(Section):
    """Official lists of the samples of each split: text files with a name at the start of each line.

    A name is a sample's id, or its file's name with or without the ending. What stands behind it on the line is passed
    over. Samples on no list are left out, and that is said.
    """

    train: str
    """The list of the training samples; a relative path starts from the current folder."""
    validation: str | None = None
    """The list of the validation samples; left out: `data.split.validation` of the training samples."""
    test: str | None = None
    """The list of the test samples; left out: `data.split.test` of the training samples."""


class Split(Section):
    """How samples are divided. Parts that the source already has stay as they are."""

    validation: Fraction = 0.15
    """Fraction of the samples held back to choose the best epoch on; 0 for none."""
    test: Fraction = 0.15
    """Fraction of the samples held back for the final figure; training never sees them. 0 for none."""
    group_by: RegularExpression | None = None
    """Regular expression that finds in a sample's name (its path below the source's folder) what it belongs to together
    with others, such as `patient-(\\d+)`: the first bracket, or all that matches. A group is never divided between
    splits. Left out: the source's own groups, if it has any."""
    order: Literal["random", "time"] = "random"
    """Which samples are held back: random takes the same fraction of each class; time takes the latest of all
    for the test split and those before them for the validation split, as a model in use meets data that are later."""
    time_by: RegularExpression | None = None
    """Regular expression that finds in a sample's name when it was made (ISO 8601 date or number), for `order: time`.
    Left out: the times of the source, such as a manifest's `time_column`."""
    file: str | None = None
    """CSV file that says the split of each sample: a column `id` (or `path`, `file`) and a column `split`, or `fold`
    for `folds`; a column `sha256` is compared with the samples. `kerascnn data split` writes one. A relative path
    starts from the current folder."""
    lists: SplitLists | None = None
    """Official lists of names, a file for each split."""
    folds: int | None = Field(None, ge=2, le=1000)
    """Divide into this many equal folds for cross-validation: the test split of training k is fold k, and `validation`
    is a fraction of the others. Groups stay together and classes keep their shares."""
    fold: int | None = Field(None, ge=0)
    """Train with this fold, counted from 0, as the test split. Left out: `kerascnn train` trains all of them, one after
    another."""


class Text(Section):
    """How texts become numbers, by a vocabulary of the training split that travels with the model."""

    tokens: Literal["word", "character", "byte"] = "word"
    """What a text is cut into: words and punctuation marks, characters, or the bytes of its UTF-8."""
    lower: bool = True
    """Make capitals small first."""
    vocabulary_size: int = Field(20_000, ge=3, le=10_000_000)
    """Most tokens that are told apart, the most frequent ones; among them the padding and the unknown token."""
    min_count: int = Field(1, ge=1)
    """Times that a token stands in the training texts at the least, to be told apart."""


class Audio(Section):
    """How sounds are read."""

    sample_rate: int = Field(16_000, ge=100, le=768_000)
    """Samples a second that every sound is brought to."""
    seconds: float = Field(1.0, gt=0, le=3600)
    """Length that the saved model takes: longer sounds are cut at their end, shorter ones padded with silence."""


class Data(Section):
    """What to learn from."""

    source: OneOf[Source]
    """Where the samples come from."""
    image_size: ImageSize | None = None
    """[height, width] in pixels that pictures are brought to when they are read, and that the saved model takes. Left
    out: the pictures' own size, on which all of them must then agree."""
    resize: Literal["letterbox", "center_crop", "resize_crop", "stretch"] = "letterbox"
    """How a picture of another shape is brought to `image_size`: padded with black; cut to its shape; brought to 8/7 of
    the size and the middle cut out (256 for 224); or squashed."""
    color: Literal["auto", "rgb", "grayscale", "all"] = "auto"
    """Channels of the pictures; auto is grayscale where all pictures are grey, all keeps every channel of arrays and
    .npy files, however many."""
    value_range: Range | None = None
    """The stored values that become 0 and 255, for pictures of 16 bits: [0, 4095] for a camera of 12 bits. Left out:
    [0, 65535]."""
    length: int | None = Field(None, ge=1, le=10_000_000)
    """Tokens of a text, or time steps of a series, that the saved model takes: longer ones are cut at their end,
    shorter ones padded; of a window that a forecast follows the last steps count, and a shorter one is refused. Left
    out: as long as the longest (texts: in the training split, up to 4,096)."""
    text: Text = section(Text)
    """How texts become numbers."""
    audio: Audio = section(Audio)
    """How sounds are read."""
    split: Split = section(Split)
    """How samples are divided into training, validation and test."""
    fixes: str | None = None
    """CSV or YAML file that says of single samples what the source does not: columns `id`, `action` (keep; relabel, to
    `label`; leave_out), `label`, `by` and `why`. `kerascnn failures RUN --write-fixes FILE` writes one with the labels
    that may be wrong. The samples stay in the splits that the source's own labels put them in. A relative path starts
    from the current folder."""
    metadata: str | None = None
    """CSV or TSV file that tells of samples what the source does not: a column `id`, which names them as the run's
    data.manifest.jsonl does, and one for each thing that is known, such as a site, a camera or an age. An evaluation
    says its figures by each of them. A relative path starts from the current folder."""
    allow: list[str] = Field([], max_length=64)
    """Findings of the data check, by name, that do not stop a training: `unreadable` leaves out files that cannot be
    read."""
    cache: Literal["auto", "ram", "disk", "none"] = "auto"
    """Where pictures are kept between epochs, as bytes at `image_size`: in memory, in a file that later trainings on
    the same data use again, or nowhere, so that each batch is decoded anew. auto is memory where they fit into
    `cache_limit`, else the disk where it has room, else none."""
    cache_limit: float | None = Field(None, gt=0)
    """Most memory that pictures may take, in GiB. Left out: a third of what is free."""


class Spectrogram(Section):
    """A log-mel spectrogram: a picture of a sound, `(frames, mel_bins, 1)`, in decibels."""

    mel_bins: int = Field(64, ge=1, le=1024)
    """Bands of frequency, spaced as the ear tells them apart."""
    window: float = Field(0.025, gt=0, le=10)
    """Length of a frame, in seconds (Hann window)."""
    hop: float = Field(0.010, gt=0, le=10)
    """Time from one frame to the next, in seconds."""
    low: float = Field(20.0, ge=0)
    """Lowest frequency, in hertz."""
    high: float | None = Field(None, gt=0)
    """Highest frequency, in hertz; left out: half the sample rate."""


class Preprocess(Section):
    """What the saved model itself does to a raw element before the backbone sees it."""

    resize: ImageSize | None = None
    """[height, width] in pixels that the model enlarges or shrinks its input to (bilinear); left out: no change."""
    normalize: Literal[
        "auto", "unit", "symmetric", "standardize", "each", "none", "torch", "caffe", "symmetric_128"
    ] = "auto"
    """Scale of the backbone's input. For pictures, unit is [0, 1], symmetric is [-1, 1], standardize is mean 0 and
    variance 1 of each channel, measured on the training split. each is mean 0 and variance 1 of each channel of every
    element by itself; none leaves numbers as they are. torch (mean 0 and variance 1 of ImageNet's colours), caffe (blue
    first, less the means of ImageNet) and symmetric_128 (x / 128 - 1) are scales of published weights. auto is the
    scale that the backbone's `weights` were trained with; where they are none it is unit for pictures, each for series
    and spectrograms, none for sounds."""
    spectrogram: Spectrogram | None = None
    """Turn sounds into log-mel spectrograms, so that a network for pictures can take them; left out: the backbone gets
    the waveform."""
    embedding: EmbeddingField = Field(default_factory=Embedding, json_schema_extra={"default": 128})
    """Numbers that stand for a token of a text: how many, learnt with the network, or a section that says where they
    begin."""


class Model(Section):
    """The network."""

    preprocess: Preprocess = section(Preprocess)
    """What is done to raw elements inside the model."""
    backbone: OneOf[Backbone]
    """The part that turns elements into features."""
    head: OneOf[Head]
    """The part that turns features into answers."""


class Evaluate(Section):
    """How answers are judged."""

    metrics: list[OneOf[Metric]] = Field([], max_length=32)
    """Further figures of a report, besides those of the task, each with an interval where that is quickly made. Each at
    most once."""

    @field_validator("metrics")
    @classmethod
    def _each_once(cls, metrics: list[Metric]) -> list[Metric]:
        if name := twice(metrics):
            raise PydanticCustomError("metrics", "has '{name}' more than once", {"name": name})
        return metrics


class Lint(Section):
    """Which advice to leave out."""

    ignore: list[str] = Field([], max_length=64)
    """Names of rules of good practice that are not to speak, such as `small-data`."""


class Spec(Section):
    """One training: what to learn, from what data, with which network, and how."""

    kerascnn: Literal[1]
    """Version of this format: 1."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
    """A name for people: letters, digits, `_`, `-` and `.`."""
    task: OneOf[Task]
    """What the network is to answer."""
    data: Data
    """What to learn from."""
    augment: list[OneOf[Augmentation]] = Field([], max_length=64)
    """Random changes to training pictures, in this order; nothing is applied that is not named here."""
    model: Model
    """The network."""
    train: Train = section(Train)
    """How to train."""
    evaluate: Evaluate = section(Evaluate)
    """How answers are judged."""
    lint: Lint = section(Lint)
    """Which advice of good practice to leave out."""
    sweep: SpecSweep | None = None
    """What `kerascnn sweep` tries; no part of a training, which takes the values above as they stand. Left out:
    nothing."""

    @model_validator(mode="wrap")
    @classmethod
    def _parts_fit(cls, value: Any, handler: ModelWrapValidatorHandler[Spec]) -> Spec:
        """Report mistakes between parts together with the mistakes inside them."""
        from kerascnn.spec.fit import misfits
        from kerascnn.spec.sweep_fit import sweep_misfits

        errors: list[Any] = []
        spec: Spec | None = None
        try:
            spec = handler(value)
        except ValidationError as error:
            errors = [cls._explain(line) for line in error.errors(include_url=False)]
        errors += misfits(spec.model_dump(mode="json") if spec is not None else value)
        errors += sweep_misfits(value)
        if errors:
            raise ValidationError.from_exception_data("Spec", errors)
        assert spec is not None
        return spec

    def spell(self) -> dict[str, Any]:
        """Return the resolved spec as plain data: every default filled in. It parses to an equal spec, but for a sweep.

        Two trainings are the same whatever was tried around them: the sweep is left out.
        """
        return self.model_dump(mode="json", exclude={SECTION})
