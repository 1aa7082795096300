"""How we prove to a far side who we are; the secret stays in a file of its own."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shared.security.secret_files import read_secret


class Auth(BaseModel):
    """A header with a secret; `{secret}` in the form is replaced by the file's content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: str = "Authorization"
    form: str = "Bearer {secret}"
    secret_file: str


def read(name: str, *, folder: Path) -> str:
    """The secret in a file that a configuration names; relative to the configuration's folder."""
    return read_secret(folder / name).decode().strip()


def headers(auth: Auth | None, *, folder: Path) -> dict[str, str]:
    if auth is None:
        return {}
    return {auth.header: auth.form.replace("{secret}", read(auth.secret_file, folder=folder))}
