"""The pages put together: a router that stands beside the API."""

from typing import Any

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router

from holdfast.edges.web.approving import approval_handlers
from holdfast.edges.web.deeds import deed_handlers
from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.pages import page_handlers
from holdfast.edges.web.pages_adoption import adoption_page_handlers
from holdfast.edges.web.pages_builds import build_page_handlers
from holdfast.edges.web.pages_policies import policy_page_handlers
from holdfast.edges.web.pages_runs import run_page_handlers
from holdfast.edges.web.render import STATIC

__all__ = ["WebDependencies", "web_router"]


class OwnRouter(Router):
    """A router made for one owner, which takes it as it is; of any other Litestar makes a deep copy."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "OwnRouter":
        """Return the router itself."""
        return self


def web_router(deps: WebDependencies) -> Router:
    """Return the pages, their forms, and `/static`.

    `/login` and `/logout` are the API's: they set and end the session that the pages ask for.
    """
    static = create_static_files_router(
        path="/static", directories=[STATIC], cache_control=CacheControlHeader(public=True, max_age=3600)
    )
    pages: list[HTTPRouteHandler | Router] = [
        *page_handlers(deps),
        *run_page_handlers(deps),
        *approval_handlers(deps),
        *adoption_page_handlers(deps),
        *build_page_handlers(deps),
        *policy_page_handlers(deps),
    ]
    return OwnRouter("/", route_handlers=[*pages, *deed_handlers(deps), static], include_in_schema=False)
