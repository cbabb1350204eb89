from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.html.fields import Checkbox, Email, FormModel, Name, PlainText, plain_text
from app.languages import gettext as _
from app.languages import written
from app.projects.grouping import pattern_problem
from app.projects.recipes import DEFAULT_RECIPE
from ml.contract import ROUND_ANSWERS, TARGET

LARGEST_SEED = 5000
MOST_PEOPLE = 9
SMALLEST_TARGET, LARGEST_TARGET = 0.001, 0.2


def split_names(text: str) -> list[str]:
    """`closed, open` → its names; line breaks part them too."""
    return [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]


def usable_pattern(pattern: str) -> str:
    problem = pattern_problem(pattern)
    if problem:
        raise ValueError(problem)
    return pattern


ClassName = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(plain_text)]
Pattern = Annotated[PlainText, AfterValidator(usable_pattern)]
Key = Annotated[str, StringConstraints(strip_whitespace=False, to_lower=True)]
SeedSize = Annotated[int, Field(ge=4, le=LARGEST_SEED)]
RoundSize = Annotated[int, Field(ge=5, le=LARGEST_SEED)]


def from_percent(text: object) -> object:
    """`2,5` → 0.025."""
    try:
        number = float(str(text).replace(",", ".")) / 100
    except ValueError:
        raise ValueError(_("Please give a number.")) from None
    return number


def _between(low: float, high: float) -> str:
    ends = {"low": written(f"{low:g}"), "high": written(f"{high:g}")}
    return _("Between %(low)s and %(high)s percent, please.") % ends


def at_most(fraction: float, most: float) -> float:
    if not 0 <= fraction <= most:
        raise ValueError(_between(0, most * 100))
    return fraction


Share = Annotated[float, BeforeValidator(from_percent), AfterValidator(lambda share: at_most(share, 1.0))]
SmallShare = Annotated[float, BeforeValidator(from_percent), AfterValidator(lambda share: at_most(share, 0.2))]


def usable_target(share: float) -> float:
    """Below one in a thousand no audit of a bearable size proves anything."""
    if not SMALLEST_TARGET <= share <= LARGEST_TARGET:
        smallest, largest = 100 * SMALLEST_TARGET, 100 * LARGEST_TARGET
        raise ValueError(_between(smallest, largest))
    return share


Target = Annotated[float, BeforeValidator(from_percent), AfterValidator(usable_target)]


class ProjectForm(FormModel):
    """What can be changed later, too."""

    name: Name
    round_size: RoundSize = ROUND_ANSWERS
    target: Target = TARGET
    settle_twins: Checkbox = False
    from_scratch: Checkbox = False
    group_pattern: Pattern = ""


class NewProjectForm(ProjectForm):
    seed_size: Annotated[SeedSize | None, BeforeValidator(lambda text: text or None)] = None
    """Empty: as many as the recipe wants."""
    classes: Annotated[list[ClassName], BeforeValidator(split_names), Field(min_length=1)]
    positive: PlainText = ""
    recipe: PlainText = DEFAULT_RECIPE


class SettingsForm(ProjectForm):
    seed_size: SeedSize
    positive_id: int
    show_opinions: Checkbox = False
    overlap: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] = 1
    overlap_share: Share = 1.0
    repeat_share: SmallShare = 0.0
    second_share: SmallShare = 0.05


class ClassForm(FormModel):
    name: ClassName
    key: Annotated[Key, StringConstraints(max_length=1)] = ""


class ClassChangesForm(FormModel):
    """The table of classes: `name-ID` and `key-ID` of its rows, and what the pressed button does."""

    names: dict[int, ClassName]
    keys: dict[int, Key]
    action: Annotated[str, StringConstraints(pattern=r"^(save|(up|down|archive|restore)-[0-9]{1,9})$")] = "save"

    @staticmethod
    def gather(fields: dict[str, str]) -> dict[str, object]:
        """Sort the rows' fields by kind; whatever else was sent is refused by `extra`."""
        kinds: dict[str, dict[str, str]] = {"name": {}, "key": {}}
        rest: dict[str, str] = {}
        for field, text in fields.items():
            kind, _, class_id = field.partition("-")
            if kind in kinds and class_id.isdecimal() and len(class_id) <= 9:
                kinds[kind][class_id] = text
            else:
                rest[field] = text
        return {**rest, "names": kinds["name"], "keys": kinds["key"]}

    @property
    def step(self) -> tuple[str, int]:
        """What the button does, and to which class: `("up", 12)`, `("save", 0)`."""
        verb, _, class_id = self.action.partition("-")
        return verb, int(class_id or 0)


class SendBackForm(FormModel):
    what: Annotated[PlainText, StringConstraints(min_length=1, max_length=40)]


class MemberForm(FormModel):
    email: Email
