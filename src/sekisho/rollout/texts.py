"""What a plan and a roll-back say to people, in both languages."""

from sekisho.messages import Message

__all__ = [
    "ADMINISTRATOR_REMAINS",
    "BREAK_GLASS",
    "BY_DEFAULT",
    "CALLER",
    "CALLER_UNKNOWN",
    "CANNOT_ENROL",
    "CHANGED_SINCE",
    "CREDENTIALS_IN_USE",
    "CREDENTIALS_STOP",
    "CUT_OFF",
    "DEAD_LOCK",
    "DESCRIPTION_STAYS",
    "ENFORCEMENT_PROVED",
    "EVERYONE_GETS_IN",
    "EXCEPTION_EXPIRED",
    "GAINS",
    "GAP",
    "GETS_IN_AGAIN",
    "IN_DOUBT",
    "IN_USE",
    "IRREVERSIBLE",
    "KEYS_IN_USE",
    "KEYS_STOP",
    "LOSES",
    "LOST_FOR_GOOD",
    "MAY_LOSE",
    "MEANT_UNREAD",
    "MFA_OPENS",
    "MUST_ENROL",
    "NOBODY_ADMINISTERS",
    "NOT_COVERED",
    "NOT_MEANT",
    "NOT_ONESELF",
    "NOT_OURS",
    "NO_BREAK_GLASS",
    "NO_FORCED_CHANGE",
    "NO_OTHER_ENFORCEMENT",
    "OTHER_ACCOUNT",
    "OVERWRITES",
    "QUOTA",
    "REFUSED_BY_AWS",
    "RESET_NEXT",
    "RESET_NEXT_KEEPS",
    "RESET_WITHOUT_MFA",
    "ROOM_FOR_A_GROUP",
    "ROOM_FOR_A_POLICY",
    "ROOM_FOR_A_USER",
    "ROOM_FOR_ONE_MORE_GROUP",
    "ROOM_FOR_ONE_MORE_POLICY",
    "ROOM_IN_A_GROUP",
    "STALE_STAYS",
    "STILL_STUCK",
    "UNKNOWN",
    "UNREAD_POLICIES",
    "USED_ELSEWHERE",
    "VERSIONS",
    "VIA_SERVICE",
]

ENFORCEMENT_PROVED = Message(
    "For everybody who gets the policy, no request without MFA passes outside the exempt list, "
    "whatever is attached later."
)
EVERYONE_GETS_IN = Message(
    "Everybody who is touched and can sign in now comes to a session with MFA by what they hold."
)
GETS_IN_AGAIN = Message(
    "The user comes to a session with MFA by what they then hold; to any session, if they are not "
    "enforced and neither a policy of theirs nor a role of the account asks them for MFA."
)
KEYS_IN_USE = Message(
    "Access keys of these users were used in the last 90 days, or it cannot be told, and will stop "
    "working without MFA."
)
_NOT_CONFIRMED = Message(
    "That CodeCommit refuses them is observed; of other services, such as Bedrock and Keyspaces, "
    "AWS does not document it."
)
CREDENTIALS_IN_USE = Message(
    "SSH keys, signing certificates or credentials for one service of these users are active, or "
    "it cannot be told, and will stop working: with them there is no MFA. When they were last used "
    "is not known. {not_confirmed}"
).filled(not_confirmed=_NOT_CONFIRMED)
CALLER = Message(
    "Whoever applies this plan keeps the access that they need to finish it and to roll it back."
)
BREAK_GLASS = Message(
    "No break-glass user is touched: the same policies decide for them as before."
)
ADMINISTRATOR_REMAINS = Message(
    "Somebody remains who can administer users with the password, access key and MFA device that "
    "they have now."
)
NO_BREAK_GLASS = Message("No break-glass user is named: nobody is protected as one.")
NOBODY_ADMINISTERS = Message(
    "No user could administer users before, with what they hold, so that none is lost."
)
MFA_OPENS = Message("Nobody is shut out even with MFA.")
CALLER_UNKNOWN = Message("It cannot be told which policies decide for the caller.")
OTHER_ACCOUNT = Message("The caller is not of the account that was read.")
GAP = Message("Something that this plan depends on could not be read: {what}.")
MEANT_UNREAD = Message(
    "Whether the goal means these users could not be read: a selector asks what they hold or are."
)
QUOTA = Message("A quota of AWS would be exceeded: {what}{unread}. {room}")
BY_DEFAULT = Message(
    " (AWS's default: the account's own quota was not read, for which collecting needs "
    "`iam:GetAccountSummary`)"
)
ROOM_FOR_A_POLICY = Message(
    "Detach one that is not needed, put two into one, enforce MFA through a "
    "group, or ask AWS for a "
    "higher quota. What is in `replaces` goes only after its place is taken, and makes no room."
)
ROOM_IN_A_GROUP = Message(
    "Detach one that the group does not need, put two into one, or enforce MFA "
    "through another group."
)
ROOM_FOR_A_GROUP = Message(
    "Take the user out of a group that is not needed, or enforce MFA without a "
    "group: leave `group` out."
)
ROOM_FOR_ONE_MORE_POLICY = Message(
    "Delete a customer managed policy that nobody needs, or ask AWS for a higher quota."
)
ROOM_FOR_ONE_MORE_GROUP = Message(
    "Delete a user group that nobody needs, enforce MFA without a group (leave "
    "`group` out), or ask AWS "
    "for a higher quota."
)
ROOM_FOR_A_USER = Message("Delete a user whom nobody needs.")
VERSIONS = Message(
    "A quota of AWS would be exceeded: `{arn}` has {count} versions ({versions}; the default is "
    "{default}), and can have no more. None is deleted here, for none could be brought back: if "
    "nobody needs the oldest, delete it and plan again: `aws iam delete-policy-version "
    "--policy-arn {arn} --version-id {oldest}`."
)
KEYS_STOP = Message(
    "Access keys of these users work without MFA now and will stop: "
    "programs that use them need another way in."
)
CREDENTIALS_STOP = Message(
    "SSH keys, signing certificates or credentials for one service of these users work without MFA "
    "now and will stop: with them there is no MFA. {not_confirmed}"
).filled(not_confirmed=_NOT_CONFIRMED)
DEAD_LOCK = Message(
    "These users must change their password at the next sign-in, and will not be allowed to: "
    "they cannot sign in at the console."
)
CANNOT_ENROL = Message(
    "These users have no MFA device and will not be allowed to set one up themselves."
)
MUST_ENROL = Message(
    "These users have no MFA device yet: they can do little until they set one up."
)
VIA_SERVICE = Message(
    "For these users AWS services may do things without MFA, when asked on their behalf."
)
EXCEPTION_EXPIRED = Message(
    "The exceptions of these users have expired and excuse nobody any more; break-glass users "
    "are left alone all the same. Renew them, or take them off the exceptions file."
)
NOT_COVERED = Message(
    "These users have a console password, or it could not be read, and are in no wave and no "
    "exception."
)
NOT_MEANT = Message(
    "Other policies will decide for these users, and the goal is not about them: they are in a "
    "group that gets the policy, or have the policy already."
)
USED_ELSEWHERE = Message(
    "The new version of `{arn}` will also decide for these roles, or as the permissions boundary "
    "of these users and roles, and the goal is not about that. Give the goal's policy another "
    "name, or take this one off them."
)
OVERWRITES = Message(
    "What this policy says now is not proved to be MFA enforcement, and is "
    "replaced: somebody may have made "
    "it for something else. A roll-back brings it back."
)
STALE_STAYS = Message(
    "The policy stays attached to the group `{group}`: some of its members are not enforced yet."
)
STILL_STUCK = Message(
    "These users have no way to sign in with MFA now, and this plan gives them none."
)
UNREAD_POLICIES = Message("cannot be told: policies that decide for them were not read")
UNKNOWN = Message("cannot be told: {reason}")
GAINS = Message("These users will be allowed to do things that nothing allows them now (sampled).")
LOSES = Message("These users will lose things that they may do now, even with MFA, such as {what}.")
MAY_LOSE = Message(
    "These users may lose things that they may do now, even with MFA; it cannot be told: {what}"
)
DESCRIPTION_STAYS = Message(
    "The policy exists with another description, which AWS does not let anybody change."
)
CHANGED_SINCE = Message("it was changed since, so it stays as it is")
NOT_OURS = Message("it was so before the plan came to it, so it stays")
IN_USE = Message("it has come into use and stays: {what}")
IN_DOUBT = Message(
    "it may be of the run that died at that call, or somebody else's: ask, then say so by "
    "`--ours USER` or `--theirs USER`"
)
IRREVERSIBLE = Message("AWS cannot give back what was taken: it stays as it is")
NO_OTHER_ENFORCEMENT = Message(
    "it came in place of `{what}`, which is not back: without both, people may be left without "
    "MFA enforcement (`--leave-unenforced` takes it back all the same)"
)
FELT_BY = Message(
    "taking it back would also be felt by {what}, whom the plan did not find there "
    "(`--leave-unenforced` takes it back all the same)"
)
FELT_UNREAD = Message(
    "it cannot be read who else would feel it taken back, so it stays: {what} "
    "(`--leave-unenforced` "
    "takes it back all the same)"
)
STAYS_WITH = Message(
    "`{what}` stays, and what the plan gave that user stays with it "
    "(`--leave-unenforced` takes it "
    "back all the same)"
)
REFUSED_BY_AWS = Message("AWS refuses: {what}")
CUT_OFF = Message(
    "Loses every right at once, running sessions included, then every credential. The session of "
    "a role that was assumed before lives on until it ends."
)
LOST_FOR_GOOD = Message("What this takes away cannot be given back by a roll-back.")
NO_FORCED_CHANGE = Message(
    "The temporary password need not be changed at the next sign-in: under the policies of this "
    "user the sign-in page would refuse the change, or that cannot be told. Ask them to change it "
    "once they may: under AWS's own sample once MFA is set up; others need "
    "`IAMUserChangePassword`."
)
NOT_ONESELF = Message("Nobody does this to themselves: another administrator must.")
RESET_NEXT = Message("Signs in with the temporary password, changes it, then sets up MFA anew.")
RESET_WITHOUT_MFA = Message(
    "Gets in without MFA, which no policy of theirs and no role of the account asks them for; "
    "setting it up anew is not known to work."
)
RESET_NEXT_KEEPS = Message("Signs in, then sets up MFA anew.")
