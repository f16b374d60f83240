"""The headings of the tour: chapters, people, and what somebody holds."""

from collections.abc import Mapping

from sekisho.language import Text
from sekisho.story.step import Chapter, Held

__all__ = ["CHAPTERS", "HELD", "NOBODY", "SECTIONS"]

CHAPTERS: Mapping[Chapter, Text] = {
    Chapter.BEFORE: Text("Before", "現状"),
    Chapter.POLICY: Text("The policy", "ポリシーの作成"),
    Chapter.ATTACH: Text("Attaching it", "アタッチ"),
    Chapter.PEOPLE: Text("What the people see", "ユーザーから見た動作"),
    Chapter.AFTER: Text("After, and back again", "結果と復元"),
}

HELD: Mapping[Held, Text] = {
    Held.PASSWORD: Text("password", "パスワード"),
    Held.LONG_TERM_KEY: Text("long-term access key", "長期のアクセスキー"),
    Held.CONSOLE_WITHOUT_MFA: Text("console, no MFA", "コンソール、MFA なし"),
    Held.CONSOLE_WITH_MFA: Text("console, MFA", "コンソール、MFA あり"),
    Held.TOKEN_WITHOUT_MFA: Text("session token, no MFA", "一時的な認証情報、MFA なし"),
    Held.TOKEN_WITH_MFA: Text("session token, MFA", "一時的な認証情報、MFA あり"),
    Held.ROLE_SESSION: Text("role session", "ロールのセッション"),
}

NOBODY = Text("", "")
"""The section of a step that is nobody's story."""

SECTIONS: Mapping[str, Text] = {
    "4.1": Text("{name}: has a password and no device", "{name}: パスワードのみ、デバイスなし"),
    "4.2": Text("{name}: new, with a temporary password", "{name}: 新規、一時パスワードあり"),
    "4.3": Text("{name}: new, under the preset `{preset}`", "{name}: 新規、プリセット `{preset}`"),
    "4.4": Text("{name}: new, policy only afterwards", "{name}: 新規、ポリシーは後から"),
    "4.5": Text("{name}: members of the group", "{name}: グループのメンバー"),
    "4.6": Text("{name}: has an IAM path", "{name}: IAM のパスあり"),
    "4.7": Text("{name}: half-enrolled", "{name}: 登録が途中"),
    "4.8": Text("{name}: on the command line", "{name}: コマンドラインで操作"),
    "4.9": Text("{name}: a machine", "{name}: 機械用ユーザー"),
    "4.10": Text("{name}: for emergencies only", "{name}: 緊急時専用"),
    "4.11": Text("A thief with the key of {name}", "{name} のキーを盗んだ者"),
}
