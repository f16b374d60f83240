"""What is wrong with a command line, in Japanese: click says it in English, above."""

import click


def in_japanese(error: click.UsageError) -> str:
    """Return what is wrong in one sentence; "" for the few things that have none here."""
    match error:
        case click.NoSuchOption():
            return f"オプション `{error.option_name}` はありません。{_meant(error.possibilities)}"
        case click.exceptions.NoSuchCommand():
            return f"コマンド `{error.command_name}` はありません。{_meant(error.possibilities)}"
        case click.MissingParameter(param=click.Parameter() as param):
            return f"{_named(param, error.ctx)} を指定してください。{_choices(param)}"
        case click.BadParameter(param=click.Parameter() as param):
            return f"{_named(param, error.ctx)} の値が正しくありません。{_choices(param)}"
        case click.BadOptionUsage():
            return f"オプション `{error.option_name}` の書き方が違います (値がないか、余分です)。"
        case _:
            return ""


def _named(param: click.Parameter, ctx: click.Context | None) -> str:
    if isinstance(param, click.Option) or ctx is None:
        return f"`{max(param.opts, key=len)}`"
    return f"`{param.make_metavar(ctx)}`"


def _choices(param: click.Parameter) -> str:
    if not isinstance(param.type, click.Choice):
        return ""
    return f"使える値: {'、'.join(f'`{each}`' for each in param.type.choices)}。"


def _meant(possibilities: list[str] | None) -> str:
    if not possibilities:
        return ""
    return f"{'、'.join(f'`{each}`' for each in possibilities)} ではありませんか?"
