"""The only place for the words of messages: a catalogue a language, the shop's own above ours above English."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ordercore.adapters.notifications.formats import FALLBACK

_LANGUAGE = re.compile(r"[a-z]{2,3}")

Words = Mapping[str, str]


class Catalogues:
    """The catalogues `<language>.toml` of these folders; an earlier folder's word hides a later one's."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._read: dict[str, Words] = {}

    def speaks(self, language: str) -> bool:
        """Whether there is a catalogue of that language."""
        is_language = _LANGUAGE.fullmatch(language) is not None
        return is_language and any((folder / f"{language}.toml").is_file() for folder in self._folders)

    def words(self, language: str) -> Words:
        """Every word in that language; one that is not translated is English."""
        if language not in self._read:
            self._read[language] = {**self._words(FALLBACK), **self._words(language)}
        return self._read[language]

    def _words(self, language: str) -> dict[str, str]:
        words: dict[str, str] = {}
        for folder in reversed(self._folders):
            file = folder / f"{language}.toml"
            if file.is_file():
                words |= tomllib.loads(file.read_text(encoding="utf-8"))
        return words
