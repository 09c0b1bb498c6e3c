#!/bin/sh
# Copies the configuration and the pictures of the bucket to another place; docs/backup.md.
#
#   sh deploy/backup.sh backup@other-machine:kuanary              # configuration alone, by rsync
#   sh deploy/backup.sh backup@other-machine:kuanary src:pictures dst:pictures-copy   # and the bucket, by rclone
#
# Run it in the folder that holds docker-compose.yml: it takes ./data, .env and, where there is one, ./secrets.
# Without Docker run it in /etc/kuanary: it takes kuanary.env, imgproxy.env, presets.json and secrets.
# Exit code 0 only if all of it was copied.
set -eu

if [ $# -ne 1 ] && [ $# -ne 3 ]; then
  echo "usage: backup.sh <rsync target> [<rclone source> <rclone target>]" >&2
  exit 2
fi

target=$1 source_bucket=${2:-} target_bucket=${3:-}
if [ -e data ] && [ -e .env ]; then
  set -- data .env
  if [ -e secrets ]; then set -- "$@" secrets; fi
elif [ -e kuanary.env ] && [ -e presets.json ] && [ -e secrets ]; then
  set -- kuanary.env presets.json secrets
  if [ -e imgproxy.env ]; then set -- "$@" imgproxy.env; fi
else
  echo "There is neither data and .env nor kuanary.env, presets.json and secrets here:" >&2
  echo "run this in the folder that holds docker-compose.yml, or in /etc/kuanary." >&2
  exit 1
fi

# --chmod: secrets are among them, and must not become readable on the way.
rsync -a --chmod=F600,D700 "$@" "$target/"
echo "configuration copied to $target: $*"

if [ -n "$source_bucket" ]; then
  # tmp/ holds uploads under way and their records; a picture without them is a picture like any other. What is younger
  # than 3 hours waits for the next run: by then the sweeper has removed what was never committed. Pictures never change,
  # and nothing is deleted in the copy: a mistake here must not reach it.
  rclone copy "$source_bucket" "$target_bucket" --metadata --exclude '/tmp/**' --min-age 3h --immutable
  echo "bucket copied to $target_bucket"
fi
