"""Takes defences out, one at a time, in a copy of the tree, and shows that their tests then fail.

`python -m tests.attacks.mutations [WORD...]`: a line a defence, exit code 1 when a test passes without it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """A defence taken out.

    Attributes:
        what: the defence, in a few words.
        file: where it is.
        defence: its text, once in the file.
        without: what stands there instead.
        test: the test that must fail then.
    """

    what: str
    file: str
    defence: str
    without: str
    test: str


MUTATIONS: Final = (
    Mutation(
        "look-ups are not counted",
        "api/portal/pages.py",
        "            throttle.check(session, client=address, reference=key)\n",
        "            pass\n",
        "tests/api/test_portal.py::test_guessing_closes_the_door_for_a_while",
    ),
    Mutation(
        "the cookie is open to scripts",
        "api/people/pages.py",
        '        max_age=int(lasts.total_seconds()),\n        path="/",\n        httponly=True,',
        '        max_age=int(lasts.total_seconds()),\n        path="/",\n        httponly=False,',
        "tests/api/test_people.py::test_the_cookie_is_kept_from_scripts_and_other_sites",
    ),
    Mutation(
        "no headers",
        "api/web/security.py",
        "for name, value in self._headers.items():",
        "for name, value in ():",
        "tests/api/security/test_headers.py::test_every_answer_carries_them",
    ),
    Mutation(
        "forms without a token",
        "api/people/forms.py",
        "if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), expected.encode()):",
        "if False:",
        "tests/api/test_review.py::test_a_form_from_elsewhere_is_refused",
    ),
    Mutation(
        "redirect to anywhere",
        "api/people/pages.py",
        "        return DEFAULT_TARGET\n    return target[:500]",
        "        return target\n    return target[:500]",
        "tests/api/test_people.py::test_after_the_sign_in_nobody_is_sent_elsewhere",
    ),
    Mutation(
        "signatures that are not bound to their type",
        "pipeline/evidence/verify.py",
        "if not key.is_signature(envelope.signature, pae(envelope.payload)):",
        "if not key.raw:",
        "tests/attacks/test_payload_type_swapped.py::test_a_signature_for_another_type_does_not_count",
    ),
    Mutation(
        "compressed members",
        "pipeline/evidence/_internal/container.py",
        "if flags or method != _STORED or packed_size != size or extra_length:",
        "if flags:",
        "tests/attacks/test_zip_bomb.py::test_compression_is_refused_before_anything_is_unfolded",
    ),
    Mutation(
        "an unknown name answers sooner",
        "api/people/service.py",
        "_HASHER.verify(row.password_hash if row is not None else _nobody_hash(), password[:MAX_PASSWORD_LENGTH])",
        "row is not None and _HASHER.verify(row.password_hash, password[:MAX_PASSWORD_LENGTH])",
        "tests/api/test_people.py::test_unknown_name_and_wrong_password_cost_the_same_work",
    ),
    Mutation(
        "who left stays in",
        "api/people/service.py",
        "            SignInRow.expires_at > now(session),\n            UserRow.active,",
        "            SignInRow.expires_at > now(session),",
        "tests/api/test_people.py::test_a_user_who_left_is_out_at_once",
    ),
    Mutation(
        "cases of every agency",
        "api/store/reading.py",
        "            return CaseRow.agency == viewer.only_agency",
        "            return true()",
        "tests/api/security/test_other_peoples_objects.py::test_staff_of_another_agency",
    ),
    Mutation(
        "a password is enough where there is a key",
        "api/people/steps.py",
        "    if not with_key and keys_of(session, user.id):",
        "    if False:",
        "tests/api/security/test_second_step.py::test_a_key_is_asked_for_and_nothing_else_will_do",
    ),
    Mutation(
        "a first password is a password",
        "api/people/steps.py",
        'return "password" if user.password_is_first else None',
        "return None",
        "tests/api/security/test_second_step.py"
        "::test_a_password_that_somebody_else_made_opens_nothing_until_it_is_changed",
    ),
    Mutation(
        "the register lies there plainly",
        "api/secrecy/columns.py",
        "return value if value is None or ring is None else ring.seal_text(value, self.what)",
        "return value",
        "tests/api/test_secrecy.py::test_the_register_is_sealed_at_rest_and_opens_for_the_office",
    ),
    Mutation(
        "an erased case keeps its key",
        "api/secrecy/cases.py",
        "    session.delete(row)\n",
        "",
        "tests/api/test_secrecy.py::test_after_the_time_of_a_rule_the_evidence_is_gone_and_the_chain_still_verifies",
    ),
    Mutation(
        "revoked keys",
        "pipeline/evidence/verify.py",
        "if key.revoked_at is not None and received_at >= key.revoked_at:",
        "if False:",
        "tests/attacks/test_revoked_key.py::test_nothing_received_after_the_revocation_counts_whatever_time_it_claims",
    ),
)


def fails_without(mutation: Mutation, tree: Path) -> bool:
    """Whether the test fails in a copy of the tree without the defence."""
    path = tree / mutation.file
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(mutation.defence, mutation.without), "utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", mutation.test]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=300)
    finally:
        path.write_text(whole, "utf-8")
    # 1: tests failed; anything else (nothing collected, an error of pytest) proves nothing.
    return done.returncode == 1 and " failed" in done.stdout


def main(words: list[str]) -> int:
    """Take each defence out in turn."""
    proved = True
    with tempfile.TemporaryDirectory(prefix="tertib-mutations-") as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".git", ".venv", "var", "shared", "__pycache__", "*.mp4")
        shutil.copytree(ROOT, tree, ignore=ignored, symlinks=True)
        Path(folder).chmod(0o755)
        for mutation in MUTATIONS:
            if words and not any(word in mutation.what for word in words):
                continue
            failed = fails_without(mutation, tree)
            proved = proved and failed
            sys.stdout.write(json.dumps({"without": mutation.what, "test": mutation.test, "fails": failed}) + "\n")
            sys.stdout.flush()
    return 0 if proved else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
