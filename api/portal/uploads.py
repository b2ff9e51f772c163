"""Files that visitors send with a form: checked, cleaned of what a camera writes into them, or told why not."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Final

from fastapi import UploadFile

from api.attachments.cleaning import (
    MAX_BYTES,
    MAX_FILES,
    Attachment,
    AttachmentTooLargeError,
    AttachmentUnreadableError,
    accept_attachment,
)
from api.portal.page import Texts

FIELD: Final = "file"
MAX_TOLD_NAME: Final = 80


def taken(files: Sequence[UploadFile], texts: Texts, errors: MutableMapping[str, str]) -> list[Attachment]:
    """The files of a form's field `file`, cleaned.

    Args:
        files: as the browser sent them.
        texts: in the visitor's language.
        errors: by field; what cannot be taken is told there.
    """
    # A form without a chosen file sends an empty one without a name.
    chosen = [file for file in files if file.filename]
    if len(chosen) > MAX_FILES:
        errors[FIELD] = texts.text("public.contest.error.file.many", most=MAX_FILES)
        return []
    kept = []
    for file in chosen:
        name = str(file.filename)[:MAX_TOLD_NAME]
        try:
            kept.append(accept_attachment(name, file.file.read(MAX_BYTES + 1)))
        except AttachmentTooLargeError:
            errors[FIELD] = texts.text("public.contest.error.file.large", name=name)
        except AttachmentUnreadableError:
            errors[FIELD] = texts.text("public.contest.error.file.kind", name=name)
    return kept
