"""Why an answer is not known, in words: every limit, and every construct that is not handled."""

from sekisho.messages import Message, verbatim

TOO_MANY_STEPS = Message("the question takes too many steps")
TOO_MANY_STATES = Message("the patterns have too many states side by side")
TOO_MANY_COMBINATIONS = Message("too many combinations of statements")
TOO_MANY_SETS = Message("too many sets of values")
TOO_MANY_CONDITIONS = Message("too many different conditions")
TOO_MANY_DIGITS = Message("a number with too many digits")
TOO_MANY_USERS = Message("the policies distinguish more than {most} classes of users")
UNSETTLED_USERS = Message("users are distinguished by what is not known: {entries}")
NOT_HANDLED = Message("a {kind} is not handled")
MAY_HAVE_NO_VALUE = Message("an Allow's NotResource where a variable may have no value: {entries}")
READ_AS_ONE = Message("`{entry}` read as one string")
SEVERAL_ACCOUNTS = Message(
    "the user may be of several accounts ({accounts}): say whose they are by --principal"
)
SEVERAL_PARTITIONS = Message(
    "the user may be of several partitions ({users}): say whose they are by --principal"
)
TELLS_CALLERS = Message("the policies distinguish users by {keys}: say who calls by --principal")
TELLS_OWNERS = Message(
    "the policies may distinguish more accounts, as owners of resources, than were asked about"
)
NAMES_A_SERVICE = Message("a policy variable that names a service in between")
NAMES_A_TIME = Message("a policy variable that names a time")
NOT_SAID = Message("a condition that cannot be said in the policies' own words")
UNSETTLED = Message("policy variables that no request fixes: {keys}")
ANOTHER_TYPE = Message("`{key}` is compared as another type than it is of, or as two")
OF_A_KEY = verbatim("`{key}`: {reason}")
PASSWORD_POLICY = Message(
    "it depends on AllowUsersToChangePassword, and the password policy is not known"
)
MFA_NOT_BOOLEAN = Message("`{key}` is compared as something else than true, false or a text")
MFA_BEYOND_ASCII = Message("`{key}` is compared ignoring the case of letters beyond ASCII")
CONTRADICTION = Message(
    "for {action}, the prover reads {statements} otherwise than the engine: a fault of sekisho, "
    "please report it"
)
NOT_LISTED = Message("what differs in `{action}` could not be listed")
MISSPELLED = Message("{action} looks misspelled; did you mean `{near}`?")
NO_SUCH_ACTION = Message("{action} takes in no action of the catalogue")
NO_SUCH_ACTION_BUT = Message("{action} takes in no action of the catalogue; did you mean `{near}`?")
NONE_DENIABLE = Message("nothing can be asked about {action}: no policy can deny it")
NEVER_WITH_MFA = Message("a role's session never has MFA")
NONE_FROM = Message(
    "no request of the question can be asked about: none is from elsewhere than {networks}"
)
OWN_POLICY = Message(
    "for {action} on {resource}, the resource's own policy must allow it, too, and is not known"
)
NONE_OF = Message("nothing can be asked about {action}: it is on no resource of the question")
NONE_ON = Message("nothing can be asked about {entry}: no action of the question is on it")
BEYOND_CATALOGUE = Message(
    "it does not hold for {action} on {resource}, if AWS has such a request: the catalogue does "
    "not know it (`--assume catalogue_complete=yes` takes AWS to have no others than it knows)"
)
UNDOCUMENTED_KEYS = Message(
    "it does not hold for {action} on {resource} with {keys}, if AWS has such a request: it is not "
    "documented (`--assume catalogue_complete=yes` takes AWS to have no others than it documents)"
)
NOT_CERTIFIED = Message(
    "no request was found that shows the contrary, and no certificate that there is none"
)
