"""What scikit-learn learns of features answers as it would, with probabilities that mean something."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from ml.heads import HEADS, MOST_ROWS, ClustersHead, KnnHead, Lesson, SvmHead, learn_head


def clouds(count: int, classes: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features of classes that overlap a little."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = 3 * np.eye(classes, 6)
    return (random.normal(size=(count, 6)) + centres[labels]).astype(np.float32), labels


def lesson(classes: int, count: int = 240) -> Lesson:
    train, labels = clouds(count, classes)
    validate, wanted = clouds(90, classes, seed=1)
    return Lesson(train, labels, validate, wanted, classes, seed=0)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", HEADS)
def test_a_head_learns_is_calibrated_and_comes_back_from_its_tensors(kind: str, classes: int):
    head = learn_head(kind, lesson(classes))
    seen, wanted = clouds(600, classes, seed=2)
    with torch.inference_mode():
        logits = head(torch.from_numpy(seen))
    probability = F.softmax(logits, dim=1).numpy()
    assert logits.shape == (600, classes)
    assert (probability.argmax(1) == wanted).mean() > 0.85
    assert abs(probability.max(1).mean() - (probability.argmax(1) == wanted).mean()) < 0.06
    again = HEADS[kind]()
    again.load_state_dict(head.state_dict())
    assert torch.equal(again(torch.from_numpy(seen)), logits)


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_can_be_traced_for_programs_that_ask_few_or_many_rows(kind: str):
    head = learn_head(kind, lesson(2)).eval()
    rows = {0: torch.export.Dim("rows")}
    traced = torch.export.export(head, (torch.zeros(3, 6),), dynamic_shapes=(rows,)).module()
    for count in (1, 60):
        seen = torch.from_numpy(clouds(count, 2, seed=4)[0])
        assert torch.allclose(traced(seen), head(seen), atol=1e-5)


def test_the_machines_borders_are_scikit_learns():
    from sklearn.svm import SVC

    given = lesson(3)
    head = SvmHead.candidates(given)[1]
    assert isinstance(head, SvmHead)
    seen, _ = clouds(50, 3, seed=3)
    for c in range(3):
        machine = SVC(C=1.0, gamma=1 / 6).fit(given.train, given.labels == c)
        sides = head.sides(torch.from_numpy(seen))[:, c].numpy()
        assert np.allclose(sides, machine.decision_function(seen), atol=1e-3)


def test_a_class_that_the_validation_part_lacks_is_improbable_and_no_error():
    given = lesson(3)
    seen = given.wanted < 2
    poor = Lesson(given.train, given.labels, given.validate[seen], given.wanted[seen], 3, 0)
    for kind in HEADS:
        assert torch.isfinite(learn_head(kind, poor)(torch.from_numpy(given.validate))).all()


def test_clusters_say_how_pure_they_are():
    head = learn_head("kmeans", lesson(3))
    assert isinstance(head, ClustersHead)
    assert 0.8 < head.purity <= 1


def test_only_so_many_rows_are_remembered(monkeypatch: pytest.MonkeyPatch):
    assert MOST_ROWS > 1000
    monkeypatch.setattr("ml.heads.MOST_ROWS", 50)
    assert len(KnnHead.candidates(lesson(2))[0].points) == 50
