"""Names that nobody may simply take: those we need ourselves, those of vendors, and those that look like another one.

Knows letters only. Who holds which name stands in `accounts.namespaces`; an operator can give away any of them.
"""

import re
from collections.abc import Iterable

OURS = frozenset({
    "about", "account", "accounts", "admin", "administrator", "api", "app", "archives", "assets", "audit", "auth",
    "billing", "blog", "changelog", "compare", "contact", "dashboard", "docs", "download", "downloads", "events",
    "explore", "export", "favicon", "feed", "graphql", "health", "healthz", "help", "home", "import", "insights",
    "internal", "livez", "login", "logout", "me", "metrics", "mirror", "module", "modules", "new", "news", "null",
    "oauth", "oidc", "openapi", "operator", "organisation", "organisations", "organization", "organizations", "pages",
    "policies", "policy", "private", "provider", "providers", "public", "readyz", "redirect", "registry", "release",
    "releases", "robots", "root", "runs", "scim", "search", "security", "sessions", "settings", "signin", "signout",
    "signup", "site", "sitemap", "static", "stats", "status", "style", "support", "system", "teams", "terms",
    "terrasmith", "token", "tokens", "undefined", "upload", "uploads", "user", "users", "v1", "v2", "v3", "v4",
    "version", "versions", "webhook", "webhooks", "well-known", "www",
})  # fmt: skip
"""What stands, or may one day stand, where a namespace stands in an address of ours."""

VENDORS = frozenset({
    "hashicorp", "terraform", "opentofu", "tofu", "hcp", "terraform-aws-modules", "terraform-google-modules",
    "terraform-ibm-modules", "aws", "amazon", "amazonaws", "amazon-web-services", "aws-ia", "azure", "azurerm",
    "microsoft", "google", "googlecloud", "google-cloud", "gcp", "googlecloudplatform", "oracle", "oraclecloud",
    "ibm", "ibm-cloud", "alibaba", "alibabacloud", "aliyun", "digitalocean", "cloudflare", "gitlab", "bitbucket",
    "kubernetes", "github", "datadog", "elastic", "mongodb", "snowflake", "databricks", "okta", "vmware", "redhat",
    "official", "verified",
})  # fmt: skip
"""What people would take for the vendor's own modules."""

# Drawn alike, or nearly, in the letters that terminals and pages use.
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SINGLE = str.maketrans("01i58", "ollsb")
_SEPARATORS = re.compile(r"[-_]+")


def key(name: str) -> str:
    """Equal for one name in two spellings: case does not count, and `_` is `-`."""
    return name.casefold().replace("_", "-")


def skeleton(name: str) -> str:
    """Equal for names that one reads for each other: `acme`, `acrne`, `a-c-m-e`, `ACME`; `lab-1`, `labl`, `lab_i`."""
    bare = _SEPARATORS.sub("", name.casefold()).translate(_SINGLE)
    for pair, letter in _PAIRS:
        bare = bare.replace(pair, letter)
    return bare


def look_alike(name: str, others: Iterable[str]) -> str | None:
    """The first of these that one could take for `name`, the same name in another spelling included."""
    wanted = skeleton(name)
    return next((other for other in others if skeleton(other) == wanted), None)


def reserved(name: str) -> str | None:
    """The reserved name that this is, or that it looks like where a vendor would be impersonated."""
    if key(name) in OURS:
        return key(name)
    return look_alike(name, sorted(VENDORS))
