import type { Config } from '../config.ts';

/** Whose pages are meant to upload: the `Origin` to send, and how the owner knows it. */
export interface PageOrigin {
  origin: string;
  /** What the settings say: the origin itself, or `*`. */
  setting: string;
}

/** Nobody has this origin: `.invalid` is never registered (RFC 2606). Stands for "any page" where the setting is `*`. */
export const inventedOrigin = 'https://any-page.kuanary-doctor.invalid';

/** The origins of `ALLOWED_ORIGINS` and `ANONYMOUS_ORIGINS`, each once. */
export function listPageOrigins({ access }: Pick<Config, 'access'>): PageOrigin[] {
  const settings = new Set([...access.allowedOrigins, ...access.anonymousOrigins]);
  return [...settings].map((setting) => ({ origin: setting === '*' ? inventedOrigin : setting, setting }));
}
