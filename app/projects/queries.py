from __future__ import annotations

from sqlalchemy import Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.languages import gettext as _
from app.models import LabelClass, Project, ProjectMember, Role, User
from app.security import LIVE_SESSION, live

LARGEST_ID = 2**31 - 1
MEMBER = (
    select(User)
    .join(Project, Project.id == bindparam("project_id"))
    .where(
        *LIVE_SESSION,
        or_(
            User.role == Role.ADMIN,
            exists().where(ProjectMember.project_id == Project.id, ProjectMember.user_id == User.id),
        ),
    )
)
"""Built once: it is asked at every key press."""


def visible_projects(user: User) -> Select[Project]:
    """Admins see all projects, others those they are members of."""
    query = select(Project).order_by(Project.created_at.desc(), Project.id.desc())
    if user.role == Role.ADMIN:
        return query
    return query.join(ProjectMember).where(ProjectMember.user_id == user.id)


def list_visible_projects(session: Session, user: User) -> list[Project]:
    return list(session.scalars(visible_projects(user)))


def get_visible_project(session: Session, user: User, project_id: int) -> Project:
    """Raise NotFoundError alike for an absent project and for one this person may not see."""
    if 0 < project_id <= LARGEST_ID:
        project = session.scalar(visible_projects(user).where(Project.id == project_id))
        if project is not None:
            return project
    raise NotFoundError(_("There is no such project."))


def find_member(session: Session, token: str, project_id: int) -> User | None:
    """Return whose session this is, if it is live and its owner may see the project."""
    if not 0 < project_id <= LARGEST_ID:
        return None
    return session.scalar(MEMBER, {**live(token), "project_id": project_id})


def get_project_by_name(session: Session, name: str) -> Project:
    project = session.scalar(select(Project).where(Project.name == name))
    if project is None:
        raise NotFoundError(_("There is no project named %(name)s.") % {"name": name})
    return project


def list_active_classes(session: Session, project_id: int) -> list[LabelClass]:
    query = select(LabelClass).where(LabelClass.project_id == project_id, LabelClass.archived_at.is_(None))
    return list(session.scalars(query.order_by(LabelClass.position)))


def list_members(session: Session, project_id: int) -> list[User]:
    return list(
        session.scalars(
            select(User)
            .join(ProjectMember, ProjectMember.user_id == User.id)
            .where(ProjectMember.project_id == project_id)
            .order_by(User.email)
        )
    )
