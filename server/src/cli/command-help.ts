/** Help of the commands that start servers. The others keep theirs beside what they do. */

export const devHelp = `Usage: kuanary dev

Starts everything on this machine: the API with its demo page, an object store and an imgproxy. What the settings
name is used instead of the embedded part: S3_ENDPOINT and the other S3_ settings, IMGPROXY_URL and its keys.

  PORT                    of the API, 5001
  KUANARY_STORE_PORT      of the object store, 5002
  KUANARY_IMGPROXY_PORT   of imgproxy, 5003
  KUANARY_DATA            the folder of all data, .kuanary
  KUANARY_STORE_PROFILE   how the object store behaves, names with commas between; an unknown name lists them`;

export const startHelp = `Usage: kuanary start

Starts the API for production, from the settings in the environment or in ./.env. The README lists the settings.
SIGTERM stops it: what was accepted is finished within SHUTDOWN_GRACE_SECONDS.`;

export const storeHelp = `Usage: kuanary store [--port 5002] [--host 127.0.0.1] [--data .kuanary/store] [--profile names]

Starts the embedded object store alone, with the keys in S3_ACCESS_KEY and S3_SECRET_KEY. S3_BUCKET, when given, is
made and set up for the pages of every origin. Not for production.

  --profile   how the store behaves, names with commas between; an unknown name lists them`;

export const imgproxyHelp = `Usage: kuanary imgproxy [--port 5003] [--host 127.0.0.1]

Starts the imgproxy stand-in alone, on the bucket that the S3_ settings name, with IMGPROXY_KEY and IMGPROXY_SALT.
Not for production.`;
