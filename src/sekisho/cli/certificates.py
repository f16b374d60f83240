"""Certificates as files, and the command that checks each.

The checker reads policies as JSON files, one for each. What was not given as such (a policy of an
account, a text with comments, what a level of service control policies is taken to have) is saved
beside the certificate.
"""

import json
import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sekisho import check_proof
from sekisho.documents import ANOTHER_NAME, indented_json, write_private
from sekisho.engine import Policies
from sekisho.errors import Code, SekishoError, quoted, reason_of
from sekisho.messages import Message
from sekisho.policy import Document, to_json
from sekisho.prover import OLD, Certificate, CertifiedPolicies, arguments_of, layers_of

_CHECKER = Path(check_proof.__file__)
_PARTS = (_CHECKER, _CHECKER.with_name("check_proof_facts.json"))
_NOT_MADE = Message("{path} cannot be made: {reason}")
_SAVED = Message("The certificate is saved to {path}.")
_NONE = Message("No certificate is saved to {path}: the result has none.")


def _hash(document: object) -> str:
    """Return the hash of a document by which the checker recognises it in a certificate."""
    return str(check_proof.layer_of("identity", [document]).hashes[0])


@dataclass(slots=True)
class CertificateFiles:
    """Files of certificates and of their policies, in one folder.

    Attributes:
        folder: where they are saved.
        names_by_hash: the files of policies, by the checker's hash of each.
    """

    folder: Path
    names_by_hash: dict[str, str] = field(default_factory=dict)

    @classmethod
    def in_folder_of(cls, path: Path, given: Iterable[str]) -> "CertificateFiles":
        """Return the files beside a certificate, where some policies were given as files."""
        names_by_hash: dict[str, str] = {}
        for name in given:
            with suppress(OSError, ValueError):
                value = check_proof.read_json(Path(name).read_text(encoding="utf-8"))
                names_by_hash.setdefault(_hash(value), name)
        return cls(path.parent, names_by_hash)

    def save(
        self, name: str, certificate: Certificate, policies: Policies, old: Policies | None = None
    ) -> list[str]:
        """Save a certificate, and the policies that are no files yet; return the arguments.

        Args:
            name: of the file.
            certificate: what is saved.
            policies: whose certificate it is.
            old: the policies before the change, if it is about one.

        Returns:
            What the checker is called with.

        Raises:
            SekishoError: `output.unwritable`, if a file is there already or cannot be written.
        """
        layers = layers_of(policies) | ({} if old is None else layers_of(old, OLD))
        files = {
            layer: [self._file(name, each.document) for each in attached]
            for layer, attached in layers.items()
        }
        path = self.folder / name
        write_private(path, json.dumps(certificate.document) + "\n", fix=ANOTHER_NAME)
        return [*files["identity"], str(path), *arguments_of(certificate.claim, files)]

    def _file(self, name: str, document: Document) -> str:
        value = to_json(document)
        digest = _hash(check_proof.read_json(json.dumps(value)))
        if digest not in self.names_by_hash:
            stem = name.removesuffix(".json")
            path = self.folder / f"{stem}.policy-{len(self.names_by_hash) + 1}.json"
            write_private(path, indented_json(value), fix=ANOTHER_NAME)
            self.names_by_hash[digest] = str(path)
        return self.names_by_hash[digest]


def save_of_files(
    path: str,
    certificates: Sequence[Certificate],
    policies: Policies,
    given: Iterable[str],
    old: Policies | None = None,
) -> str:
    """Save a certificate of policies that were given as files.

    Args:
        path: the file; a second certificate, of the calls of AWS services, is saved beside it.
        certificates: those that there are; nothing is saved without one.
        policies: whose certificates they are.
        given: the files of the policies.
        old: the policies before the change, if they are about one.

    Returns:
        The command that checks the certificate; "" if there is none.

    Raises:
        SekishoError: `output.unwritable`, if a file is there already or cannot be written.
    """
    where = Path(path)
    files = CertificateFiles.in_folder_of(where, given)
    names = (where.name, f"{where.stem}.services{where.suffix}")
    commands = []
    for name, each in zip(names, certificates, strict=False):
        arguments = files.save(name, each, policies, old)
        commands.append(shlex.join(["python3", "-I", str(_CHECKER), *arguments]))
    return " && ".join(commands)


def saved_text(path: str, check: str) -> Message:
    """Say that certificates were saved, or that there are none.

    Args:
        path: where they were to be saved.
        check: the command that checks them; "" if there is none.
    """
    return (_SAVED if check else _NONE).filled(path=path)


def save_of_account(path: str, certified: Sequence[CertifiedPolicies]) -> str:
    """Save certificates of users, their policies, the checker, and a script that checks all.

    Args:
        path: a new folder, which its owner alone may read.
        certified: the users, group by group; nothing is saved without one.

    Returns:
        The command that runs the script; "" if there is none.

    Raises:
        SekishoError: `output.unwritable`, if the folder is there already or cannot be made.
    """
    if not certified:
        return ""
    folder = Path(path)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        message = _NOT_MADE.filled(path=quoted(str(folder)), reason=reason_of(error))
        raise SekishoError(message, code=Code.OUTPUT_UNWRITABLE) from error
    for part in _PARTS:
        write_private(folder / part.name, part.read_text(encoding="utf-8"))
    files = CertificateFiles(folder)
    script = ["#!/bin/sh", "set -e", 'cd "$(dirname "$0")"']
    for number, group in enumerate(certified, 1):
        script.append(f"# {' '.join(group.names)}")
        names = (f"certificate-{number}.json", f"certificate-{number}.services.json")
        for name, certificate in zip(names, group.certificates, strict=False):
            arguments = files.save(name, certificate, group.policies)
            own = [each.replace(f"{folder}/", "") for each in arguments]
            script.append(shlex.join(["python3", "-I", _CHECKER.name, *own]))
    write_private(folder / "check.sh", "\n".join([*script, ""]))
    return shlex.join(["sh", str(folder / "check.sh")])
