import { Copy, DockerfileParser, Env, From, type Instruction, Label, type PropertyInstruction } from 'dockerfile-ast';

export type Step =
  | { does: 'copy'; from: string | undefined; sources: string[]; destination: string }
  | { does: 'run'; command: string }
  | { does: 'workdir'; folder: string }
  | { does: 'env'; variables: Record<string, string> };

/** One `FROM` and what follows it. What a stage does not say is undefined. */
export interface Stage {
  name: string | undefined;
  /** An image, or the name of an earlier stage. */
  base: string;
  steps: Step[];
  user: string | undefined;
  entrypoint: string[] | undefined;
  command: string[] | undefined;
  healthcheck: string[] | undefined;
  ports: number[];
  labels: Record<string, string>;
}

/**
 * Reads the instructions that this project's Dockerfile uses.
 *
 * @throws Error on any other instruction, and on a CMD, ENTRYPOINT or HEALTHCHECK that would run through a shell:
 *   a shell as process 1 does not pass SIGTERM on.
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      stages.push({
        name: instruction.getBuildStage() ?? undefined,
        base: instruction.getImage() ?? '',
        steps: [],
        user: undefined,
        entrypoint: undefined,
        command: undefined,
        healthcheck: undefined,
        ports: [],
        labels: {},
      });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${instruction.getKeyword()} stands before the first FROM`);
      readInstruction(stage, instruction);
    }
  }
  return stages;
}

function readInstruction(stage: Stage, instruction: Instruction): void {
  const keyword = instruction.getKeyword();
  const content = instruction.getArgumentsContent() ?? '';
  const words = instruction.getArguments().map((argument) => argument.getValue());
  if (instruction instanceof Copy) stage.steps.push(readCopy(instruction, words));
  else if (instruction instanceof Env) stage.steps.push({ does: 'env', variables: readVariables(instruction) });
  else if (instruction instanceof Label) Object.assign(stage.labels, readVariables(instruction));
  else if (keyword === 'RUN') stage.steps.push({ does: 'run', command: content });
  else if (keyword === 'WORKDIR') stage.steps.push({ does: 'workdir', folder: content });
  else if (keyword === 'USER') stage.user = content;
  else if (keyword === 'EXPOSE') stage.ports.push(...words.map(Number));
  else if (keyword === 'ENTRYPOINT') stage.entrypoint = readExecForm(keyword, content);
  else if (keyword === 'CMD') stage.command = readExecForm(keyword, content);
  else if (keyword === 'HEALTHCHECK')
    stage.healthcheck = readExecForm(keyword, content.replace(/^[\s\S]*?\bCMD\s+/, ''));
  else throw new Error(`the instruction ${keyword} is not one that can be carried out here`);
}

function readCopy(instruction: Copy, words: string[]): Step {
  const flag = instruction.getFromFlag();
  const paths = words.filter((word) => !word.startsWith('--'));
  const destination = paths.pop();
  if (destination === undefined || paths.length === 0) throw new Error('COPY needs a source and a destination');
  return { does: 'copy', from: flag?.getValue() ?? undefined, sources: paths, destination };
}

function readVariables(instruction: PropertyInstruction): Record<string, string> {
  return Object.fromEntries(
    instruction.getProperties().map((property) => [property.getName(), property.getValue() ?? '']),
  );
}

function readExecForm(keyword: string, content: string): string[] {
  const words: unknown = content.startsWith('[') ? JSON.parse(content) : undefined;
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new Error(`${keyword} must be in exec form, a JSON list of strings`);
}
