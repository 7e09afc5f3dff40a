"""Messages into a chat: an incoming webhook that takes `{"text": …}`, as Slack, Mattermost and Rocket.Chat have it."""

import json

from holdfast.edges.providers.notifiers._post import post
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools
from holdfast.errors import PlanError
from holdfast.model.target import Target

MAX_TEXT = 3000


class Chat:
    """One channel."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self.name = target.name
        self._target = target
        self._tools = tools

    def find_problem(self) -> str | None:
        """Say whether its address is there; asking it would write into the channel."""
        try:
            self._url()
        except PlanError as error:
            return error.message
        return None

    def send(self, title: str, text: str, key: str) -> None:
        """Tell it. Such receivers know no keys: a message whose answer was lost may come twice."""
        del key
        said = _plain(f"*{title}*\n{text}")[:MAX_TEXT]
        post(self._tools.http, self.name, self._url(), json.dumps({"text": said}, ensure_ascii=False).encode(), {})

    def _url(self) -> str:
        url = self._tools.required_secret(self._target, "url")
        if not url.startswith(("https://", "http://")):
            raise PlanError(f"the address of `{self.name}` is not one of http or https")
        return url


def _plain(text: str) -> str:
    """Return text in which nothing mentions a channel or makes a link of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


SPEC = TargetSpec(
    id="chat",
    section="notify",
    about="An incoming webhook of Slack, Mattermost or Rocket.Chat.",
    options=(Option("url", True, True, "The webhook's address; who has it can write into the channel."),),
    open=Chat,
)
