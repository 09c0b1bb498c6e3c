#!/bin/sh
# Runs a command of Kuanary with the settings and secrets of kuanary.service, as root, who alone can read them:
#
#   install -m 755 deploy/kuanary-command.sh /usr/local/bin/kuanary
#   kuanary doctor
#
# KUANARY_SETTINGS and KUANARY_PROGRAM name other folders than /etc/kuanary and /opt/kuanary. It runs in the latter, as
# the unit does: a .env of the folder that you are in plays no part, and files are given with their whole path.
set -eu

settings=${KUANARY_SETTINGS:-/etc/kuanary}
program=${KUANARY_PROGRAM:-/opt/kuanary}

if [ ! -r "$settings/kuanary.env" ]; then
  echo "$settings/kuanary.env cannot be read: run this as root, on the machine of kuanary.service." >&2
  exit 78
fi

export NODE_ENV=production "PRESETS_FILE=$settings/presets.json"
for name in S3_ACCESS_KEY S3_SECRET_KEY IMGPROXY_KEY IMGPROXY_SALT API_KEYS TICKET_SECRET; do
  file=$settings/secrets/$(echo "$name" | tr '[:upper:]' '[:lower:]')
  if [ -e "$file" ]; then export "${name}_FILE=$file"; fi
done

# As systemd reads an EnvironmentFile: nothing is expanded, and what it says wins. Values stand without quotes.
while IFS= read -r line || [ -n "$line" ]; do
  case $line in [A-Z]*=*) export "$line" ;; esac
done <"$settings/kuanary.env"

cd "$program"
exec node dist/cli/kuanary.js "$@"
