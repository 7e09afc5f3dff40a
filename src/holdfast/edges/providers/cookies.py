"""No cookies: what one request's answer asked to be remembered is never sent with another.

Clients live as long as the process and serve every org; a jar that kept anything would carry it from one org's probe to
the next one's.
"""

from http.cookiejar import CookieJar, DefaultCookiePolicy


def refuse_cookies() -> CookieJar:
    """Return a jar that takes no cookie and gives none."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
