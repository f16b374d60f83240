"""The workbench: what the commands answer about an account, in a browser, and nothing more.

It shows an account as it was read, from the functions that the commands call, and never changes
one: where something is to be changed, it shows the command. Every view is a page, prints, and is
JSON with `?format=json`.
"""

from sekisho.messages import Language, as_typed, printable
from sekisho.web.browsers import DraftMemory
from sekisho.web.site import Site
from sekisho.web.workbench import (
    account,
    errors,
    findings,
    notices,
    people_pages,
    plan,
    policies,
    scenarios,
    sheet,
)
from sekisho.web.workbench.material import Material, PlanInView, on_every_view

__all__ = ["Material", "PlanInView", "workbench_site"]

_VIEWS = (*(account, findings, notices, people_pages, plan, policies, scenarios, sheet, errors),)


def workbench_site(material: Material, language: Language = Language.EN) -> Site:
    """Return the workbench over what was read.

    Args:
        material: what there is to look at.
        language: what a new browser is spoken to in.
    """
    material.prepare()
    site = Site("workbench", DraftMemory().drafts, language)
    site.app.extensions["material"] = material
    site.app.context_processor(on_every_view)
    # a name may hold marks that turn the text behind it round
    site.app.jinja_env.filters["printable"] = printable
    site.app.jinja_env.filters["as_typed"] = as_typed
    for view in _VIEWS:
        site.app.register_blueprint(view.VIEW)
    return site
