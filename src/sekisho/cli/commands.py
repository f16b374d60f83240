"""The table of all commands: what each is for, and which module has it.

A command of a feature is shown where the feature is installed.
"""

from collections.abc import Mapping

from sekisho.cli.group import CommandGroup, Lazy
from sekisho.messages import Message

COMMANDS: Mapping[str, Lazy | CommandGroup] = {
    "tour": Lazy(Message("Rehearse the whole rollout on a local AWS."), "tour.commands.tour"),
    "guide": CommandGroup(
        Message("Print the same steps by hand, in the AWS console."),
        Message("Print the steps by hand, in the AWS console; nothing is changed."),
        {
            "admin": Lazy(
                Message("How to create, attach and undo the policy in the AWS console."),
                "tour.commands.guide",
                "admin",
            )
        },
    ),
    "policy": CommandGroup(
        Message("Write a Force_MFA policy; show the console's summary of it."),
        Message("Write a Force_MFA policy; show the console's summary, and what the policy does."),
        {
            "new": Lazy(Message("Write a Force_MFA policy for your choices."), "cli.policy.new"),
            "summary": Lazy(
                Message("Show the console's summary of a policy, and what the policy does."),
                "cli.policy.summary",
            ),
            "lint": Lazy(
                Message(
                    "Show what is wrong with policies, and what they mean for each credential."
                ),
                "cli.policy.lint",
            ),
            "diff": Lazy(
                Message("Show exactly what one set of policies allows and another does not."),
                "cli.policy.diff",
            ),
        },
    ),
    "decide": Lazy(
        Message("Decide one request, or a file of requests, with the reasons."), "cli.decide"
    ),
    "explain": Lazy(Message("Explain an error text: cause, look-alikes, fix."), "cli.explain"),
    "prove": CommandGroup(
        Message("Prove that MFA is enforced, or show a request that passes."),
        Message("Prove what holds for every request and every sign-in, or show a counterexample."),
        {
            "policy": Lazy(
                Message("Prove that policies in files enforce MFA."), "cli.prove.policy", "policy"
            ),
            "account": Lazy(
                Message("Prove for each user of an account that MFA is enforced."),
                "cli.prove.account",
            ),
            "user": Lazy(
                Message("Prove that MFA is enforced for one user of an account."),
                "cli.prove.policy",
                "user",
            ),
            "role": Lazy(
                Message("Prove that a role cannot be assumed and used without MFA."),
                "cli.prove.role",
            ),
            "resource": Lazy(
                Message("Prove that resource-based policies are not public."), "cli.prove.resource"
            ),
            "access": Lazy(
                Message("Prove that actions are never allowed, always allowed, or not granted."),
                "cli.prove.access",
            ),
        },
        usual=Message("of policies in files: `sekisho prove policy FILE`"),
    ),
    "collect": Lazy(Message("Read a whole account, and save it as one file."), "cli.collect"),
    "audit": Lazy(
        Message("Show for whom MFA is enforced, who is not enrolled, and what is wrong."),
        "cli.audit",
    ),
    "logs": CommandGroup(
        Message("Read CloudTrail logs: use of keys, verification, queries, permissions."),
        Message(
            "Read CloudTrail logs: save which user uses which key for what, check that they are as "
            "CloudTrail delivered them, and print the query or the permissions that reading needs. "
            "`sekisho impact` says which calls a policy would have denied."
        ),
        {
            "usage": Lazy(
                Message("Save which user uses which key for what."),
                "replay.commands.logs",
                "usage",
            ),
            "verify": Lazy(
                Message("Check by CloudTrail's digests that logs are as they were delivered."),
                "replay.commands.logs",
                "verify",
            ),
            "query": Lazy(
                Message("Print the query that counts calls in Athena, Trino or Spark SQL."),
                "replay.commands.logs",
                "query",
            ),
            "permissions": Lazy(
                Message("Print the least policy with which logs can be read."),
                "replay.commands.logs",
                "permissions",
            ),
        },
    ),
    "impact": Lazy(
        Message("Show from logs which calls a policy would have denied."), "replay.commands.impact"
    ),
    "plan": Lazy(
        Message("Show what would change, for whom, and whether it is safe."), "cli.rollout.plan"
    ),
    "apply": Lazy(Message("Apply a plan, and nothing else."), "cli.rollout.apply"),
    "campaign": Lazy(
        Message("Show what is due today in a roll-out over weeks, and do it."),
        "campaign.commands.campaign",
    ),
    "status": Lazy(
        Message("Show the progress of a plan or a goal, and drift."), "cli.rollout.status"
    ),
    "notify": Lazy(
        Message("Write each person's notice: texts, pages to print, a work list."),
        "notices.commands.notify",
    ),
    "remind": Lazy(
        Message("Hand over today's notices, each only once."),
        "notices.commands.remind",
    ),
    "rollback": Lazy(Message("Undo what a plan did."), "cli.rollout.rollback"),
    "onboard": Lazy(
        Message("Plan a new user, with MFA enforced from the first moment."),
        "cli.rollout.lifecycle",
        "onboard",
    ),
    "reset": Lazy(
        Message("Plan an MFA reset: devices deactivated, a temporary password set."),
        "cli.rollout.lifecycle",
        "reset",
    ),
    "offboard": Lazy(
        Message("Plan an offboarding: everything denied, no credential left."),
        "cli.rollout.lifecycle",
        "offboard",
    ),
    "card": Lazy(
        Message("Show a person the commands to type once MFA is mandatory."),
        "notices.commands.card",
    ),
    "orphans": Lazy(
        Message(
            "Show unassigned virtual MFA devices and their likely owners; plan to delete them."
        ),
        "cli.rollout.orphans",
    ),
    "session": Lazy(
        Message("Get MFA sessions for tools that cannot ask for a code."),
        "session.commands",
    ),
    "local": Lazy(
        Message("Run a local AWS emulator that enforces IAM policies."), "localaws.commands.local"
    ),
    "web": Lazy(
        Message("Show account, plan and policies in a browser (the workbench)."),
        "web.commands.workbench",
    ),
    "completion": Lazy(Message("Print the script for completion in a shell."), "cli.completion"),
}
"""Each command with its one-line help; docs/reference/commands.md documents every one."""


SECTIONS: Mapping[Message, tuple[str, ...]] = {
    Message("Look, and change nothing"): (
        "audit",
        "prove",
        "policy",
        "impact",
        "logs",
        "decide",
        "explain",
        "status",
        "collect",
        "orphans",
        "web",
    ),
    Message("Change an account"): ("plan", "apply", "campaign", "rollback"),
    Message("Notify and help people"): (
        "notify",
        "remind",
        "onboard",
        "reset",
        "offboard",
        "card",
        "session",
    ),
    Message("Rehearse, and set up"): ("tour", "guide", "local", "completion"),
}
"""The commands by what they are for, as `--help` shows them: the most used first."""
