import { parse } from 'yaml';

/** The parts of a compose file that the tests look at. */
export interface ComposeService {
  container_name?: string;
  image: string;
  build?: string;
  command?: string[];
  env_file?: string;
  environment: Record<string, string | number>;
  secrets?: string[];
  ports: string[];
  volumes?: string[];
  networks: string[];
  profiles?: string[];
  restart: string;
  stop_grace_period?: string;
  read_only: boolean;
  tmpfs: string[];
  cap_drop: string[];
  security_opt: string[];
  mem_limit: string;
  pids_limit: number;
  healthcheck?: { test: string[] };
  logging: { driver: string; options: Record<string, string> };
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { name: string }>;
  volumes?: Record<string, { name: string }>;
  secrets?: Record<string, { file: string }>;
}

/** `${NAME}`, `${NAME:-default}` or `${NAME:?message}`. */
export interface ComposeVariable {
  name: string;
  kind: 'plain' | 'default' | 'required';
  text: string;
}

/** All variables of a compose file's text, inner ones of nested defaults included. */
export function listVariables(text: string): ComposeVariable[] {
  const uses = text.matchAll(/\$\{([A-Z][A-Z0-9_]*)(?::([-?])((?:\$\{[^}]*\}|[^}])*))?\}/g);
  return [...uses].flatMap(([, name = '', operator, rest = '']) => [
    { name, kind: operator === '-' ? 'default' : operator === '?' ? 'required' : 'plain', text: rest } as const,
    ...listVariables(rest),
  ]);
}

/** Interpolates as compose does, and parses. @throws Error as compose does where a required variable is missing. */
export function parseCompose(text: string, environment: Record<string, string>): ComposeFile {
  return parse(interpolate(withoutComments(text), environment), { merge: true }) as ComposeFile; // the tests look closer
}

function interpolate(text: string, environment: Record<string, string>): string {
  return text.replace(
    /\$\{([A-Z][A-Z0-9_]*)(?::([-?])((?:\$\{[^}]*\}|[^}])*))?\}/g,
    (_use, name: string, operator: string | undefined, rest = '') => {
      const value = environment[name];
      if (value !== undefined && value !== '') return value;
      if (operator === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
      return interpolate(rest, environment);
    },
  );
}

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '');
}
