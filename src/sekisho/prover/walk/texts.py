"""Each step in words, in both languages."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.prover.walk.judge import OK
from sekisho.prover.walk.model import Act, Hand, Held, Move, Who
from sekisho.prover.walk.search import Step

__all__ = ["HELD", "step_text"]

_WHO: Mapping[Who, Text] = {
    Who.USER: Text("the user", "ユーザー"),
    Who.COLLEAGUE: Text("another user", "ほかのユーザー"),
    Who.ADMINISTRATOR: Text("the administrator", "管理者"),
}

HELD: Mapping[Held, Text] = {
    Held.PASSWORD: Text("password", "パスワード"),
    Held.KEY: Text("access key", "アクセスキー"),
    Held.CONSOLE: Text("console session without MFA", "MFA なしのコンソールセッション"),
    Held.CONSOLE_MFA: Text("console session with MFA", "MFA ありのコンソールセッション"),
    Held.TOKEN: Text("session token without MFA", "MFA なしのセッショントークン"),
    Held.TOKEN_MFA: Text("session token with MFA", "MFA ありのセッショントークン"),
    Held.ROLE: Text("role session", "ロールのセッション"),
}

_ACTS: Mapping[Act, Text] = {
    Act.SIGN_IN: Text("sign in as {on} with the password", "{on}としてパスワードでサインインする"),
    Act.GIVE_CODE: Text("give the MFA code", "MFA コードを入力する"),
    Act.NEW_PASSWORD: Text(
        "set a new password, as the sign-in page asks",
        "サインイン画面の求めで新しいパスワードを設定する",
    ),
    Act.CREATE_DEVICE: Text(
        "create a virtual MFA device {device}", "仮想 MFA デバイス{device} を作成する"
    ),
    Act.ENABLE_DEVICE: Text("enable the device for {on}", "{on}にその MFA デバイスを有効にする"),
    Act.REGISTER_PASSKEY: Text("register a passkey for {on}", "{on}にパスキーを登録する"),
    Act.DEACTIVATE_DEVICE: Text("deactivate the device of {on}", "{on}の MFA デバイスを無効化する"),
    Act.DELETE_DEVICE: Text(
        "delete the unassigned device that has the name of {on}",
        "{on}と同じ名前の、割り当てられていない MFA デバイスを削除する",
    ),
    Act.CHANGE_PASSWORD: Text("change the password", "パスワードを変更する"),
    Act.CREATE_LOGIN: Text("give {on} a password", "{on}にパスワードを作る"),
    Act.UPDATE_LOGIN: Text("reset the password of {on}", "{on}のパスワードを再設定する"),
    Act.CREATE_KEY: Text("make an access key of {on}", "{on}のアクセスキーを作る"),
    Act.ATTACH_POLICY: Text("attach a policy to {on}", "{on}にポリシーをアタッチする"),
    Act.DETACH_POLICY: Text("detach a policy from {on}", "{on}からポリシーをデタッチする"),
    Act.ADD_TO_GROUP: Text("add {on} to a group", "{on}をグループに追加する"),
    Act.REMOVE_FROM_GROUP: Text("remove {on} from a group", "{on}をグループから削除する"),
    Act.UPDATE_TRUST: Text("change whom a role trusts", "ロールの信頼ポリシーを変更する"),
    Act.SESSION_TOKEN: Text(
        "get a session token as {on} {code}", "{on}のセッショントークンを{code}取得する"
    ),
    Act.ASSUME_ROLE: Text("assume the role {code}", "ロールを{code}引き受ける"),
    Act.WORK: Text(
        "do other work, such as listing buckets", "バケットの一覧など、ほかの操作をする"
    ),
    Act.SERVICE: Text(
        "let a service act with the rights of {on}", "{on}の権限でサービスに操作させる"
    ),
}
_NAMED = Text("with the name of {name}", " (名前は{name}と同じ)")
_OTHER = Text("with another name", " (別の名前)")
_WITH_CODE = Text("with an MFA code", "MFA コード付きで")
_WITHOUT_CODE = Text("without a code", "MFA コードなしで")
_GUESS = Text("give an MFA code, without the device", "MFA デバイスなしで MFA コードを入力する")
_PASSKEY = Text("sign in with the passkey", "パスキーでサインインする")
_HOLDER = Text("{who}: {held}", "{who}の{held}")
_ASKED = Text("{what}, with {held}", "{what} ({held})")
_REFUSED = Text("{what}, with {held}: refused, {answer}", "{what} ({held}): 拒否 {answer}")


def step_text(step: Step) -> Text:
    """Return a step in words: what is tried, with what, and the answer where it is refused."""
    move = step.move
    what, device = _what(move), move.device
    named = device.name if device is not None and device.hand is Hand.ACTOR else ""
    name = _NAMED.filled(name=_WHO[named]) if isinstance(named, Who) else _OTHER
    code = _WITH_CODE if move.code else _WITHOUT_CODE
    filled = what.filled(on=_WHO[move.on], device=name, code=code)
    if step.outcome.answer == OK:
        return _ASKED.filled(what=filled, held=_holder(step))
    return _REFUSED.filled(what=filled, held=_holder(step), answer=step.outcome.answer)


def _what(move: Move) -> Text:
    if move.act is not Act.GIVE_CODE:
        return _ACTS[move.act]
    if move.device is None:
        return _GUESS
    return _PASSKEY if move.device.hand is Hand.ACTOR_PASSKEY else _ACTS[move.act]


def _holder(step: Step) -> Text:
    """Return the credential, and whose it is where that is not the user's."""
    by = step.move.by
    if by.who is Who.USER:
        return HELD[by.held]
    return _HOLDER.filled(who=_WHO[by.who], held=HELD[by.held])
