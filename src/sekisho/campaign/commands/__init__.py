"""The commands of a campaign."""

from sekisho.campaign.commands.campaign import CampaignFiles, campaign_standing

__all__ = ["CampaignFiles", "campaign_standing"]
