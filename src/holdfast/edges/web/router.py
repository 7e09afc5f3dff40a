"""The pages put together: a router that stands beside the API."""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from holdfast.edges.web.deeds import deed_handlers
from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.pages import page_handlers
from holdfast.edges.web.render import STATIC

__all__ = ["WebDependencies", "web_router"]


def web_router(deps: WebDependencies) -> Router:
    """Return the pages `/`, `/map`, `/exposures`, `/exposures/{id}`, `/figures`, their forms, and `/static`.

    `/login` and `/logout` are the API's: they set and end the session that the pages ask for.
    """
    static = create_static_files_router(
        path="/static", directories=[STATIC], cache_control=CacheControlHeader(public=True, max_age=3600)
    )
    return Router("/", route_handlers=[*page_handlers(deps), *deed_handlers(deps), static], include_in_schema=False)
