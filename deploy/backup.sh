#!/bin/sh
# Copies the configuration (./data and .env) and the pictures of the bucket to another place; docs/backup.md.
#
#   sh deploy/backup.sh backup@other-machine:kuanary              # configuration alone, by rsync
#   sh deploy/backup.sh backup@other-machine:kuanary src:pictures dst:pictures-copy   # and the bucket, by rclone
#
# Run it in the folder that holds docker-compose.yml. Exit code 0 only if all of it was copied.
set -eu

if [ $# -ne 1 ] && [ $# -ne 3 ]; then
  echo "usage: backup.sh <rsync target> [<rclone source> <rclone target>]" >&2
  exit 2
fi
for path in data .env; do
  if [ ! -e "$path" ]; then
    echo "There is no $path here: run this in the folder that holds docker-compose.yml." >&2
    exit 1
  fi
done

# --chmod: .env holds secrets, and must not become readable on the way.
rsync -a --chmod=F600,D700 data .env "$1/"
echo "configuration copied to $1"

if [ $# -eq 3 ]; then
  # tmp/ holds uploads under way and their records; a picture without them is a picture like any other. What is younger
  # than 3 hours waits for the next run: by then the sweeper has removed what was never committed. Pictures never change,
  # and nothing is deleted in the copy: a mistake here must not reach it.
  rclone copy "$2" "$3" --metadata --exclude '/tmp/**' --min-age 3h --immutable
  echo "bucket copied to $3"
fi
