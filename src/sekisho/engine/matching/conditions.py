"""One condition: an operator, a key and its values.

The conditions of a statement are joined by AND, the values of one by OR; under a negated operator
none of the values may match.

Source: IAM User Guide, "Conditions with multiple context keys or values", "Set operators for
multivalued context keys", "Condition operators".
How they are read: docs/semantics.md#5-conditions.
"""

from sekisho.engine.matching import glob, operators, variables
from sekisho.engine.matching.glob import Pattern
from sekisho.engine.matching.scope import Scope
from sekisho.policy import Condition, Operator, OperatorName, Quantifier


def holds(condition: Condition, scope: Scope) -> bool:
    """Tell whether the condition holds in the request's context."""
    operator = condition.operator
    value = scope.request.context.folded.get(condition.key.lower())
    # a multivalued key without values is as good as missing
    present = value is not None and value != ()
    if operator.name is OperatorName.NULL:
        return _null(condition, scope, present=present)
    if not condition.values:
        return _without_values(operator, scope, present=present)
    if value is None or not present:
        return _missing(operator, scope)
    each = (value,) if isinstance(value, str) else value
    match operator.quantifier:
        case Quantifier.NONE:
            # a multivalued key needs a set operator: without one, neither X nor NotX holds
            return isinstance(value, str) and _satisfies(value, condition, scope)
        case Quantifier.FOR_ALL_VALUES:
            # an empty string counts as an empty set (page "Set operators")
            return each == ("",) or all(_satisfies(one, condition, scope) for one in each)
        case Quantifier.FOR_ANY_VALUE:
            return any(_satisfies(one, condition, scope) for one in each)


def _missing(operator: Operator, scope: Scope) -> bool:
    """Decide a condition whose key is not in the request."""
    match operator.quantifier:
        case Quantifier.FOR_ALL_VALUES:
            return True
        case Quantifier.FOR_ANY_VALUE:
            return operator.if_exists and scope.tracked.any_value_if_exists_when_missing()
        case Quantifier.NONE:
            return operator.if_exists or operator.name in operators.NEGATIONS


def _without_values(operator: Operator, scope: Scope, *, present: bool) -> bool:
    """Decide a condition with an empty list of values (Access Analyzer, "Empty array")."""
    if operator.quantifier is Quantifier.NONE and not operator.if_exists:
        return scope.tracked.empty_value_list_matches()
    return not present and _missing(operator, scope)


def _null(condition: Condition, scope: Scope, *, present: bool) -> bool:
    """Decide `Null`: "true" means that the key is missing, "false" that it is there."""
    match condition.operator.quantifier:
        case Quantifier.FOR_ALL_VALUES:
            return True
        case Quantifier.FOR_ANY_VALUE:
            return False
        case Quantifier.NONE if not condition.values:
            return scope.tracked.empty_value_list_matches()
        case Quantifier.NONE:
            return (not present) in map(operators.boolean, condition.values)


def _satisfies(value: str, condition: Condition, scope: Scope) -> bool:
    """Tell whether one value of the request satisfies the operator against all of the policy's."""
    name = condition.operator.name
    results = [_compare(name, value, text, scope) for text in condition.values]
    if name not in operators.NEGATIONS:
        return True in results
    if True in results:
        return False
    return None not in results or scope.tracked.malformed_value_matches_negated()


def _compare(name: OperatorName, value: str, text: str, scope: Scope) -> bool | None:
    """Compare one value with one; a variable without a value matches nothing."""
    pattern: Pattern | None = glob.literal(text)
    if name in operators.SUBSTITUTING or (
        # the page on operators says yes, the page on variables and Access Analyzer say no
        name is OperatorName.BOOL and "${" in text and scope.tracked.bool_variables()
    ):
        pattern = variables.substitute(text, scope.version, scope.request.context)
    return pattern is not None and operators.compare(name, value, pattern)
