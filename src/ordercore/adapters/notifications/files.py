"""The only place that writes mails into a folder instead of sending them, so that one can look at them."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from ordercore.adapters.notifications.rendering import Rendering
from ordercore.domain.errors import NotificationFailed
from ordercore.ports.notifier import Message


class FileNotifier:
    """A file a message, which every mail program opens; a repeat takes its place. Only the owner may read them."""

    def __init__(self, folder: Path, rendering: Rendering) -> None:
        self._folder = folder
        self._rendering = rendering

    def send(self, message: Message) -> None:
        """Write the mail.

        Raises:
            NotificationFailed: it cannot be rendered or written.
        """
        mail = self._rendering.mail(message)
        try:
            self._write(file_name(message), mail.as_bytes())
        except OSError as failure:
            raise NotificationFailed(reason=f"the folder cannot be written: {failure.strerror}") from failure

    def _write(self, name: str, content: bytes) -> None:
        """All of it or nothing: whoever looks into the folder never sees half a mail."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            file.write(content)
        os.replace(file.name, self._folder / name)


def file_name(message: Message) -> str:
    """Sorted by order, and there by event: `1001-003-shipped.eml`."""
    event_number = message.id.rpartition("/")[2]
    return f"{message.order.number}-{event_number:0>3}-{message.kind}.eml"
