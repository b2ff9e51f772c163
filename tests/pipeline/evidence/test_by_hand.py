"""The check by hand in docs/evidence.md works as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipeline.evidence.builder import camera_key, key_ring, media, sealed_package

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "evidence.md"


def _check(folder, data):
    program = re.search(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert program is not None
    (folder / "package.tertib").write_bytes(data)
    return subprocess.run(
        ["bash", "-ec", program.group(1)],
        cwd=folder,
        env={**os.environ, "P": "package.tertib", "KEY": key_ring().keys[0].public_key_b64},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_package_can_be_checked_without_this_software(tmp_path):
    package = sealed_package()
    result = _check(tmp_path, package.data)
    assert "Signature Verified Successfully" in result.stdout, result.stderr
    named = [line.removesuffix(" is as signed") for line in result.stdout.splitlines() if line.endswith("as signed")]
    assert named == sorted(medium.name for medium in media())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_strangers_package_does_not_pass(tmp_path):
    result = _check(tmp_path, sealed_package(key=camera_key("stranger")).data)
    assert result.returncode != 0
    assert "Signature Verified" not in result.stdout
