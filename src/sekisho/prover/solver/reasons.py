"""The reasons why an answer is not known: every limit, and every construct not handled."""

from sekisho.messages import Message, verbatim

TOO_MANY_STEPS = Message("the search takes too many steps")
TOO_MANY_STATES = Message("the patterns have too many states side by side")
TOO_MANY_COMBINATIONS = Message("too many combinations of statements")
TOO_MANY_SETS = Message("too many sets of values")
TOO_MANY_CONDITIONS = Message("too many different conditions")
TOO_MANY_DIGITS = Message("a number with too many digits")
TOO_MANY_USERS = Message("the policies distinguish more than {most} classes of users")
UNSETTLED_USERS = Message("users are distinguished by values that are unknown: {entries}")
NOT_HANDLED = Message("a {kind} is not handled")
MAY_HAVE_NO_VALUE = Message("an Allow's NotResource where a variable may have no value: {entries}")
READ_AS_ONE = Message("`{entry}` read as one string")
SEVERAL_ACCOUNTS = Message(
    "the user may belong to several accounts ({accounts}): give one with --principal"
)
SEVERAL_PARTITIONS = Message(
    "the user may belong to several partitions ({users}): give one with --principal"
)
TELLS_CALLERS = Message(
    "the policies distinguish users by {keys}: give the caller with --principal"
)
TELLS_OWNERS = Message(
    "the policies may distinguish more resource owners' accounts than were checked"
)
NAMES_A_SERVICE = Message("a policy variable that names a service in between")
NAMES_A_TIME = Message("a policy variable that names a time")
NOT_SAID = Message("a condition that policies cannot express")
UNSETTLED = Message("policy variables whose values the request does not determine: {keys}")
ANOTHER_TYPE = Message("`{key}` is compared as the wrong type, or as two types")
OF_A_KEY = verbatim("`{key}`: {reason}")
PASSWORD_POLICY = Message(
    "it depends on AllowUsersToChangePassword, and the password policy is unknown"
)
MFA_NOT_BOOLEAN = Message("`{key}` is compared as something other than true, false or a string")
MFA_BEYOND_ASCII = Message("`{key}` is compared ignoring the case of letters beyond ASCII")
CONTRADICTION = Message(
    "for {action}, the prover and the engine read {statements} differently: a bug in sekisho, "
    "please report it"
)
NOT_LISTED = Message("what differs in `{action}` could not be listed")
MISSPELLED = Message("{action} looks misspelled; did you mean `{near}`?")
NO_SUCH_ACTION = Message("{action} matches no action in the catalogue")
NO_SUCH_ACTION_BUT = Message("{action} matches no action in the catalogue; did you mean `{near}`?")
NONE_DENIABLE = Message("{action} cannot be checked: no policy can deny it")
NEVER_WITH_MFA = Message("a role's session never has MFA")
NONE_FROM = Message("there is no request to check: none comes from outside {networks}")
OWN_POLICY = Message(
    "for {action} on {resource}, the resource's own policy must allow it, too, and is not known"
)
NONE_OF = Message("{action} cannot be checked: it does not apply to the given resources")
NONE_ON = Message("{entry} cannot be checked: none of the given actions applies to it")
BEYOND_CATALOGUE = Message(
    "it fails for {action} on {resource}, if AWS has such a request; the catalogue does not "
    "list it (`--assume catalogue_complete=yes` assumes that AWS has none beyond the catalogue)"
)
UNDOCUMENTED_KEYS = Message(
    "it fails for {action} on {resource} with {keys}, if AWS has such a request; AWS does not "
    "document it (`--assume catalogue_complete=yes` assumes that AWS has none beyond its "
    "documentation)"
)
NOT_CERTIFIED = Message("no counterexample was found, and no certificate that there is none")
