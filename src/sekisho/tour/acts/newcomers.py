"""Chapter 4: three new users with temporary passwords, under both choices and the third way."""

from collections.abc import Iterator

from sekisho.policy import Preset
from sekisho.rollout import Goal, NewUser, TemporaryPassword
from sekisho.tour import cast
from sekisho.tour.acts.answers import CHANGE_REFUSED, DENIED
from sekisho.tour.acts.enrol import enrol
from sekisho.tour.acts.plans import apply_plan, make_plan, show_plan
from sekisho.tour.console import Next
from sekisho.tour.people import Person
from sekisho.tour.scene import DONE, Actor, Scene
from sekisho.tour.stage import Stage
from sekisho.tour.step import Step

__all__ = ["new_user", "other_preset", "third_way"]


def dead_locks(preset: Preset) -> bool:
    """Whether a forced password change is denied under the preset."""
    return preset is Preset.AWS


def _first_sign_in(stage: Stage, scene: Scene, person: Person, preset: Preset) -> Actor | None:
    """Sign in with the temporary password and try to change it.

    Returns:
        The session, if the change worked.
    """
    page = stage.password_page(scene, person)
    scene.check(cast.NEXT_PAGE, Next.NEW_PASSWORD.value, page.next.value)
    want = CHANGE_REFUSED if dead_locks(preset) else DONE
    page = stage.change_password(scene, person, page, stage.make_password(), want)
    return stage.console_session(person, page) if page.next is Next.DONE else None


def new_user(stage: Stage) -> Iterator[Step]:
    """The new user of the main plan."""
    name = cast.NEW
    person = stage.person(name)
    with stage.scene("4.2.1-temporary-password", name=name) as scene:
        page = stage.password_page(scene, person)
        scene.check(cast.NEXT_PAGE, Next.NEW_PASSWORD.value, page.next.value)
    yield scene.step
    locked = dead_locks(stage.preset)
    step = "4.2.2-dead-lock" if locked else "4.2.2-change-works"
    with stage.scene(step, name=name) as scene:
        session = _first_sign_in(stage, scene, person, stage.preset)
    yield scene.step
    if locked:
        with stage.scene("4.2.3-rescue", name=name) as scene:
            session = _rescued(stage, scene, person)
        yield scene.step
    if session is not None:
        yield from _enrols(stage, person, session)


def _rescued(stage: Stage, scene: Scene, person: Person) -> Actor | None:
    which = {"UserName": person.name, "PolicyArn": stage.policy_arn(cast.POLICY)}
    scene.ask(stage.administrator, "iam:DetachUserPolicy", **which)
    page = stage.password_page(scene, person)
    page = stage.change_password(scene, person, page, stage.make_password())
    scene.ask(stage.administrator, "iam:AttachUserPolicy", **which)
    return stage.console_session(person, page)


def _enrols(stage: Stage, person: Person, session: Actor) -> Iterator[Step]:
    name = person.name
    with stage.scene("4.2.4-enrol", name=name) as scene:
        scene.ask(session, "iam:ListAccessKeys", DENIED, UserName=name)
        enrol(stage, scene, session, person, f"{name}-phone")
    yield scene.step
    with stage.scene("4.2.5-sign-in-with-code", name=name) as scene:
        session = stage.signed_in(scene, person)
        scene.ask(session, "iam:ListAccessKeys", UserName=name)
    yield scene.step


def other_preset(stage: Stage) -> Iterator[Step]:
    """A second policy of the other choice, with a second new user."""
    preset = stage.other_preset
    name = cast.OTHER_NEW
    names = {"name": name, "preset": preset.value}
    goal = Goal(
        policy=stage.policy_goal(cast.OTHER_POLICY, preset),
        new_users=(NewUser(name, tags=cast.TAGS, password=TemporaryPassword()),),
        break_glass=(cast.BREAK_GLASS,),
    )
    with stage.scene("4.3.1-plan", **names) as scene:
        plan = make_plan(stage, scene, goal)
        show_plan(scene, plan)
        apply_plan(stage, scene, plan)
    yield scene.step
    step = "4.3.2-dead-lock" if dead_locks(preset) else "4.3.2-change-works"
    with stage.scene(step, **names) as scene:
        _first_sign_in(stage, scene, stage.person(name), preset)
    yield scene.step


def third_way(stage: Stage) -> Iterator[Step]:
    """Attaching AWS's policy only after the first password change."""
    name = cast.THIRD_NEW
    person = stage.person(name)
    administrator = stage.administrator
    with stage.scene("4.4.1-create-without-policy", name=name) as scene:
        person.password = stage.make_password()
        scene.ask(administrator, "iam:CreateUser", UserName=name)
        scene.ask(
            administrator,
            "iam:CreateLoginProfile",
            UserName=name,
            Password=person.password,
            PasswordResetRequired=True,
        )
        arn = stage.aws_policy_arn(cast.CHANGE_PASSWORD_POLICY)
        scene.ask(administrator, "iam:AttachUserPolicy", UserName=name, PolicyArn=arn)
    yield scene.step
    with stage.scene("4.4.2-change-first", name=name) as scene:
        page = stage.password_page(scene, person)
        page = stage.change_password(scene, person, page, stage.make_password())
        session = stage.console_session(person, page)
    yield scene.step
    policy = cast.POLICY if stage.preset is Preset.AWS else cast.OTHER_POLICY
    goal = Goal(
        policy=stage.policy_goal(policy, Preset.AWS),
        users=(name,),
        break_glass=(cast.BREAK_GLASS,),
    )
    with stage.scene("4.4.3-attach-after", name=name) as scene:
        plan = make_plan(stage, scene, goal)
        show_plan(scene, plan)
        apply_plan(stage, scene, plan)
        scene.ask(session, "iam:GetAccountPasswordPolicy", DENIED)
        enrol(stage, scene, session, person, f"{name}-phone")
    yield scene.step
