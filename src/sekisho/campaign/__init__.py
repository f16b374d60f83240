"""A roll-out over weeks: the stage of each person, what is due today, what the coming days bring.

`stages` says how far each person is, `today` what is done on a day and who is left out, `calendar`
what comes; `report` is all of that for people and programs, `work_list` a row for each person, and
`notices` what they are told. Nothing here changes an account.
"""

from sekisho.campaign.calendar import DayEventKind
from sekisho.campaign.notices import NOT_TOLD
from sekisho.campaign.report import (
    STAGES_IN_WORDS,
    Campaign,
    CampaignInputs,
    campaign_of,
    campaign_report,
    campaign_to_json,
    due_today,
)
from sekisho.campaign.stages import CampaignPerson, CampaignStage, PlanProblem
from sekisho.campaign.state import DayProgress, StateFolder
from sekisho.campaign.work_list import campaign_to_csv

__all__ = [
    "NOT_TOLD",
    "STAGES_IN_WORDS",
    "Campaign",
    "CampaignInputs",
    "CampaignPerson",
    "CampaignStage",
    "DayEventKind",
    "DayProgress",
    "PlanProblem",
    "StateFolder",
    "campaign_of",
    "campaign_report",
    "campaign_to_csv",
    "campaign_to_json",
    "due_today",
]
