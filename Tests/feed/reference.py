#!/usr/bin/env python3
"""python-tuf's own client behind the command line of `krux-update feed`: what the cases are proved on.

With FEED_WITHOUT=NAME in the environment one of its defences is out (weaknesses.py), and a case has to turn red."""
import argparse
import logging
import os
import sys
from urllib import parse

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, "..", "..", ".build-venv", "bin", "python")
try:
    from tuf.api.exceptions import DownloadError, RepositoryError
    from tuf.ngclient import Updater
except ModuleNotFoundError:
    os.execv(VENV, [VENV, *sys.argv])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feed", choices=["feed"])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("init", "refresh", "fetch"):
        command = commands.add_parser(name)
        command.add_argument("--metadata-dir", required=True)
        if name == "init":
            command.add_argument("--root", required=True)
            continue
        command.add_argument("--metadata-url", required=True)
        command.add_argument("--configuration", help="of the other client: it has none of its own")
        if name == "fetch":
            command.add_argument("--target-base-url", required=True)
            command.add_argument("--target-dir", required=True)
            command.add_argument("names", nargs="+")
    return parser.parse_args()


def run(options):
    if options.command == "init":
        with open(options.root, "rb") as file:
            Updater(options.metadata_dir, "http://127.0.0.1/", bootstrap=file.read())
        return
    updater = Updater(options.metadata_dir, options.metadata_url, bootstrap=None)
    updater.refresh()
    for name in getattr(options, "names", ()):
        target = updater.get_targetinfo(name)
        if target is None:
            raise SystemExit(f"reference: there is no target {name}")
        path = os.path.join(options.target_dir, parse.quote(name, ""))
        if updater.find_cached_target(target, path) is None:
            updater.download_target(target, path, options.target_base_url)


def main():
    if weakness := os.environ.get("FEED_WITHOUT"):
        import weaknesses
        weaknesses.weaken(weakness)
    logging.basicConfig(level=os.environ.get("FEED_LOG", "ERROR"))
    try:
        run(arguments())
    except (OSError, ValueError, RepositoryError, DownloadError) as error:
        raise SystemExit(f"reference: {type(error).__name__}: {error}") from error


main()
