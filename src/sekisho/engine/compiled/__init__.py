"""Another reading of the same meaning: policies in, a callable out, equal to the engine by law.

`Compiler().compiled(policies)` returns a function that decides one request after another. All that
depends on the policies alone is settled beforehand: the statements about an action, the literal
text in a resource, the values that a condition looks for. A request is then matched by a few
comparisons in a function that was written for just these statements.

Nothing is kept about whole requests. Three bounded tables are kept: for the name of an action, its
plan; for a set of statements that apply, the engine's decision on that set; for a principal, its
account, and how the statements of a plan name it.
"""

from sekisho.engine.compiled.decider import CompiledDecider, Compiler, Deciders

__all__ = ["CompiledDecider", "Compiler", "Deciders"]
