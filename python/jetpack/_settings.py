"""Where the server is and who this node is to it, as sections of settings: the shape of ``config/jetpack.ini``.

The agent keeps that file for programs that read it themselves, or somebody wrote one; what ``config/node.json`` says of the
same things goes before it.
"""

from __future__ import annotations

import configparser
import os
from typing import Any, Dict, Mapping, Optional, Union

from . import config as _config
from ._errors import ConfigError, UserError, system_code
from ._home import home
from ._tree import look_up

Settings = Mapping[str, Mapping[str, str]]

_FROM_CONFIGURATION = (
    ("cycle_server", "webserver", "cyclecloud.config.web_server"),
    ("cycle_server", "api_username", "cyclecloud.config.username"),
    ("cycle_server", "api_password", "cyclecloud.config.password"),
    ("identity", "cluster_name", "cyclecloud.cluster.name"),
    ("identity", "instance_id", "cyclecloud.instance.id"),
)


def _read_ini(file: str) -> Dict[str, Dict[str, str]]:
    """Sections of an INI file. What is wrong with one is told without a line of it: a line may be a password."""
    recommendation = "Check the path, the permissions and the form of the file."
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        with open(file, encoding="utf-8") as opened:
            parser.read_file(opened)
    except OSError as error:
        raise UserError("%s cannot be read (%s)" % (file, system_code(error)), recommendation, "file_unreadable") from None
    except (configparser.Error, UnicodeDecodeError):
        raise UserError("%s is not an INI file" % file, recommendation, "config_invalid") from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def parse_config(config: Optional[Union[str, Settings]] = None) -> Settings:
    """Settings as a dict of sections, each a dict of texts.

    ``config`` is the path of an INI file, or settings, which come back as they are, or None: this node's own, with the
    sections ``cycle_server`` (webserver, api_username, api_password) and ``identity`` (cluster_name, instance_id); what
    is not known is left out. Raises ``UserError`` for a file that cannot be used, and ``ConfigError`` when nothing of
    this node can be read.
    """
    if isinstance(config, Mapping):
        return config
    if config is not None:
        return _read_ini(config)
    file = os.path.join(home(), "config", "jetpack.ini")
    # The agent's own is for root alone, and says what node.json says.
    sections = _read_ini(file) if os.access(file, os.R_OK, effective_ids=os.access in os.supports_effective_ids) else {}
    try:
        tree: Any = _config.get()
    except ConfigError:
        if not sections:
            raise
        return sections
    for section, name, key in _FROM_CONFIGURATION:
        value = look_up(tree, key)
        if isinstance(value, str) and value:
            sections.setdefault(section, {})[name] = value
    return sections
