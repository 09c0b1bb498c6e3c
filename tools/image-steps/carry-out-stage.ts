import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, delimiter, join, relative, sep } from 'node:path';
import type { Stage, Step } from './parse-dockerfile.ts';

/** What a stage has become: a folder that stands for `/`, and how a container of it would begin. */
export interface FinishedStage {
  root: string;
  /** Inside the container, such as `/app`. */
  workdir: string;
  environment: Record<string, string>;
}

export interface BuildContext {
  /** The project: what COPY without `--from` reads. */
  folder: string;
  isIgnored: (path: string) => boolean;
  /** By stage name. */
  finished: ReadonlyMap<string, FinishedStage>;
  /** Folder with the `node` and `npm` that the base image would have. */
  nodeFolder: string;
  /** Stands for `/` of this stage; empty. */
  root: string;
  log: (line: string) => void;
}

/** Of this machine's environment a step gets what reaching a registry needs, and where temporary files go. */
const passedOn =
  /^(HOME|TMPDIR|LANG|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|npm_config_(registry|cafile|.*auth.*))$/i;

/** Carries out the steps of one stage, in order. @throws Error naming the step that failed. */
export function carryOutStage(stage: Stage, context: BuildContext): FinishedStage {
  const base = context.finished.get(stage.base);
  const { root } = context;
  if (base !== undefined) cpSync(base.root, root, { recursive: true, verbatimSymlinks: true });
  const state: FinishedStage = { root, workdir: base?.workdir ?? '/', environment: { ...base?.environment } };
  for (const step of stage.steps) {
    const startedAtMs = performance.now();
    carryOutStep(step, state, context);
    const seconds = (performance.now() - startedAtMs) / 1000;
    context.log(`  ${describeStep(step)}  (${seconds.toFixed(1)} s)`);
  }
  return state;
}

function carryOutStep(step: Step, state: FinishedStage, context: BuildContext): void {
  if (step.does === 'env') Object.assign(state.environment, step.variables);
  else if (step.does === 'copy') copy(step, state, context);
  else if (step.does === 'run') run(step.command, state, context);
  else {
    state.workdir = resolveInside(step.folder, state);
    mkdirSync(join(state.root, state.workdir), { recursive: true });
  }
}

export function describeStep(step: Step): string {
  if (step.does === 'run') return `RUN ${step.command}`;
  if (step.does === 'workdir') return `WORKDIR ${step.folder}`;
  if (step.does === 'env') return `ENV ${Object.keys(step.variables).join(' ')}`;
  return `COPY ${step.from === undefined ? '' : `--from=${step.from} `}${step.sources.join(' ')} ${step.destination}`;
}

/** A folder's contents are copied, not the folder; a destination that ends with a slash is a folder. */
function copy(step: Extract<Step, { does: 'copy' }>, state: FinishedStage, context: BuildContext): void {
  const origin = step.from === undefined ? undefined : context.finished.get(step.from);
  if (step.from !== undefined && origin === undefined) throw new Error(`COPY --from=${step.from}: no such stage`);
  const intoFolder = step.destination.endsWith('/') || step.sources.length > 1;
  const destination = join(state.root, resolveInside(step.destination, state));
  for (const source of step.sources) {
    if (source.includes('*')) throw new Error(`COPY ${source}: patterns are not carried out here, name the files`);
    const file = join(origin?.root ?? context.folder, source);
    if (!existsSync(file)) throw new Error(`COPY ${source}: there is no such file`);
    if (origin === undefined && context.isIgnored(source))
      throw new Error(`COPY ${source}: .dockerignore leaves it out`);
    const target = intoFolder && !statSync(file).isDirectory() ? join(destination, basename(file)) : destination;
    cpSync(file, target, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => origin !== undefined || !context.isIgnored(relative(context.folder, path).split(sep).join('/')),
    });
  }
}

function run(command: string, state: FinishedStage, context: BuildContext): void {
  const absolute = /(?:^|[\s=<>"'])\/[\w.]/.exec(command);
  // In a container it would be the image's file; here it would be this machine's.
  if (absolute !== null) throw new Error(`RUN ${command}: it names an absolute path, which cannot be carried out here`);
  const result = spawnSync('sh', ['-c', command], {
    cwd: join(state.root, state.workdir),
    env: { ...environmentOfMachine(context.nodeFolder, state.root), ...state.environment },
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`RUN ${command} failed:\n${result.stdout}${result.stderr}`);
}

/** Global npm packages go into the stage, not into this machine. */
function environmentOfMachine(nodeFolder: string, root: string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && passedOn.test(name)) environment[name] = value;
  }
  const prefix = join(root, 'usr/local');
  const path = [join(prefix, 'bin'), nodeFolder, process.env['PATH'] ?? ''].join(delimiter);
  return { ...environment, PATH: path, npm_config_prefix: prefix };
}

function resolveInside(path: string, state: FinishedStage): string {
  return path.startsWith('/') ? path : join(state.workdir, path);
}
