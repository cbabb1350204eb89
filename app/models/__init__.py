"""The tables, and nothing but the tables. One noun a file."""

from app.models.annotation import Annotation, AnnotationKind, AnnotationSource
from app.models.audit import Audit, AuditItem, AuditPlan
from app.models.bakeoff import Bakeoff, Classifier, Issue, IssueBatch
from app.models.base import Base, now
from app.models.image import TWIN, UNSEEN, Image, ImageBlob, ImageState, ImportBatch
from app.models.job import Job, JobMetric, Worker
from app.models.project import LabelClass, Project, ProjectMember, Recipe
from app.models.queue import NO_PILE, Pile, QueueEntry
from app.models.round import Labeler, Prediction, Round
from app.models.second_opinion import SecondOpinion
from app.models.serving import ApiToken, ChosenModel, PortableModel
from app.models.user import Role, SignInAttempt, SignInLink, User, UserSession

__all__ = [
    "NO_PILE",
    "TWIN",
    "UNSEEN",
    "Annotation",
    "AnnotationKind",
    "AnnotationSource",
    "ApiToken",
    "Audit",
    "AuditItem",
    "AuditPlan",
    "Bakeoff",
    "Base",
    "ChosenModel",
    "Classifier",
    "Image",
    "ImageBlob",
    "ImageState",
    "ImportBatch",
    "Issue",
    "IssueBatch",
    "Job",
    "JobMetric",
    "LabelClass",
    "Labeler",
    "Pile",
    "PortableModel",
    "Prediction",
    "Project",
    "ProjectMember",
    "QueueEntry",
    "Recipe",
    "Role",
    "Round",
    "SecondOpinion",
    "SignInAttempt",
    "SignInLink",
    "User",
    "UserSession",
    "Worker",
    "now",
]
