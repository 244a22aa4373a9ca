#!/bin/sh
# Print the Chromium that the browser tests drive; install Debian's where there is none and we may.
set -u
find_browser() {
    for name in "${PIPECELL_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" && return 0
    done
    return 1
}
find_browser && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium" >&2
    export DEBIAN_FRONTEND=noninteractive
    # Mirrors fail for a moment, and something else may be installing.
    patient="-o Acquire::Retries=5 -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086
    { apt-get $patient update -qq && apt-get $patient install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null
    find_browser && exit 0
fi
echo "The browser tests need Chromium: install the package chromium, or name a browser in PIPECELL_BROWSER." >&2
exit 1
