"""Uploads the folder of an export to the Hugging Face Hub."""

import re
from pathlib import Path
from typing import Any, Protocol

from simnet.errors import UsageError
from simnet.export.folders.card_parts import check_hub
from simnet.export.folders.folder import FILES, FOLDERS, is_export
from simnet.foundation.arguments import checked

_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


class HubClient(Protocol):
    """What is needed of `huggingface_hub.HfApi`."""

    def create_repo(self, repo_id: str, **options: Any) -> Any:
        """Make a repository unless it exists."""
        ...

    def upload_folder(self, **options: Any) -> Any:
        """Upload the files of a folder in one commit."""
        ...


def check_repository(name: str) -> None:
    """Raise UsageError unless `name` is that of a repository, such as `me/my-replies`."""
    check_hub()
    if not _NAME.fullmatch(name) or "--" in name or ".." in name:
        raise UsageError(
            f"{name!r} is no name of a data set on the hub; give OWNER/NAME of letters, digits, "
            "`-`, `_` and `.`"
        )


@checked
def push_to_hub(
    folder: Path | str,
    repository: str,
    *,
    private: bool = True,
    token: str | None = None,
    api: HubClient | None = None,
) -> str:
    """Upload an exported folder as a data set in one commit, and return its address.

    The data set is made if there is none, as a private one unless `private` is False. Files of an
    earlier upload, of any kind of export, that the folder does not have are deleted; files that no
    export writes stay. `token` is by default the one that `hf auth login` saved or that HF_TOKEN
    has; `api` is by default a `huggingface_hub.HfApi`, so HF_ENDPOINT names another hub.

    Raises UsageError if the folder is no export, for a name the hub does not take, or if the hub
    refuses or cannot be reached; the folder stays as it is.
    """
    check_repository(repository)
    folder = Path(folder)
    if not is_export(folder) or not any(folder.iterdir()):
        raise UsageError(f"{folder} is no folder that an export wrote; nothing was uploaded")
    from huggingface_hub import HfApi  # noqa: PLC0415  (takes 0.2 s)
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    client: Any = api or HfApi(token=token)
    transport: Any = HfHubHTTPError.__bases__[0]  # the HTTP library's, which differs by version
    try:
        made = client.create_repo(
            repository, repo_type="dataset", private=private, exist_ok=True, token=token
        )
        client.upload_folder(
            repo_id=getattr(made, "repo_id", repository),
            repo_type="dataset",
            folder_path=folder,
            commit_message="Upload an export of simnet",
            delete_patterns=[*FILES, *(f"{name}/*" for name in FOLDERS)],
            token=token,
        )
    except (transport, OSError, ValueError) as error:
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UsageError(
            f"{repository} was not uploaded: {line}; the data set is in {folder}"
        ) from error
    return str(made)
