import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ordercore.adapters.notifications.files import FileNotifier
from ordercore.adapters.notifications.rendering import Rendering
from ordercore.domain.errors import NotificationFailed
from ordercore.ports.notifier import MessageKind
from ordercore.testing.builders import a_message
from ordercore.testing.notifier_suite import NotifierSuite

RENDERING = Rendering(sender="Shop <orders@example.com>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "mails"


class TestFileNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self, folder: Path) -> FileNotifier:
        return FileNotifier(folder, RENDERING)


def test_a_mail_is_a_file_that_a_mail_program_reads(folder: Path) -> None:
    FileNotifier(folder, RENDERING).send(a_message(MessageKind.SHIPPED, id="order/7/3"))
    (file,) = folder.iterdir()
    assert file.name == "1001-003-shipped.eml"
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Your order 1001 is on its way"
    assert not mail.defects


def test_only_the_owner_may_read_them(folder: Path) -> None:
    FileNotifier(folder, RENDERING).send(a_message())
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, file)] == [0o700, 0o600]


def test_a_repeat_takes_the_place_of_the_first_and_is_the_same(folder: Path) -> None:
    notifier, message = FileNotifier(folder, RENDERING), a_message()
    notifier.send(message)
    (first,) = [file.read_bytes() for file in folder.iterdir()]
    notifier.send(message)
    assert [file.read_bytes() for file in folder.iterdir()] == [first]


def test_messages_of_one_order_lie_beside_one_another_in_their_order(folder: Path) -> None:
    notifier = FileNotifier(folder, RENDERING)
    for number, kind in ((10, MessageKind.SHIPPED), (2, MessageKind.CONFIRMATION), (11, MessageKind.DELIVERED)):
        notifier.send(a_message(kind, id=f"order/7/{number}"))
    kinds = [file.stem.split("-")[-1] for file in sorted(folder.iterdir())]
    assert kinds == ["confirmation", "shipped", "delivered"]


def test_a_folder_that_cannot_be_written_may_be_mended(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotificationFailed, match="the folder cannot be written: ") as refused:
        FileNotifier(tmp_path / "file", RENDERING).send(a_message())
    assert refused.value.is_retryable
