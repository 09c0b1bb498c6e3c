import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { documentedPresets, type Preset, PresetsError, parsePresets } from '@kuanary/shared/presets';
import { createPresetStore, type LoadedPresets } from '../../images/preset-store.ts';
import { StorageError } from '../../storage/storage.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { renderPresets } from '../preset-renderings.ts';

const maxShownProblems = 10;
const silent = { info() {}, warn() {}, error() {} };

export const presetsCheck: Check = {
  id: 'presets',
  title: 'Every preset is valid and renders',
  needs: [],
  async run(context) {
    const { file } = context.config.presets;
    let loaded: LoadedPresets;
    try {
      loaded = await load(context);
    } catch (error) {
      if (!(error instanceof PresetsError)) throw error;
      return explainInvalid(error.problems, context);
    }
    const presets = parsePresets(JSON.parse(loaded.body)).presets;
    return [
      ...(await findMissingFile(file)),
      ...loaded.warnings.map((warning) => judgeWarning(warning, presets)),
      ...judgeDefault(context, loaded.names),
      ...(await judgeRenderings(context, presets)),
    ];
  },
};

/** As the API loads them, so that both judge alike. */
async function load({ config }: DoctorContext): Promise<LoadedPresets> {
  const store = await createPresetStore({ file: config.presets.file, edition: config.imgproxy.edition, log: silent });
  store.close();
  return store.current();
}

function explainInvalid(problems: readonly string[], { config }: DoctorContext): Finding {
  const shown = problems.slice(0, maxShownProblems).join(' ');
  const rest = problems.length > maxShownProblems ? ` And ${problems.length - maxShownProblems} more.` : '';
  const needsPro = problems.some((problem) => /imgproxy Pro only/.test(problem));
  return {
    verdict: 'fail',
    found: `${config.presets.file}: ${shown}${rest}`,
    cause: needsPro
      ? 'A preset uses what only imgproxy Pro has, and IMGPROXY_EDITION says that the open-source one answers.'
      : 'One mistake makes the whole document invalid: the API does not start with it, and keeps the presets from before while it runs.',
    remedy: 'Correct the fields named above, then run `kuanary presets check`.',
  };
}

async function findMissingFile(file: string): Promise<Finding[]> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) return [];
  return [
    {
      verdict: 'warn',
      found: `There is no presets file at ${resolve(file)}.`,
      cause: `The built-in presets apply (${Object.keys(documentedPresets).join(', ')}). A volume may hide the file, or PRESETS_FILE names another place.`,
      remedy: 'Put your presets.json there, or set PRESETS_FILE to where it is.',
    },
  ];
}

function judgeWarning(warning: string, presets: ReadonlyMap<string, Preset>): Finding {
  const isAuto = [...presets].some(
    ([name, preset]) => preset.format === 'auto' && warning.startsWith(`Preset "${name}": with "format": "auto"`),
  );
  if (isAuto) return { verdict: 'info', found: warning };
  return {
    verdict: 'warn',
    found: warning,
    cause: 'Fields that do nothing are kept, so that files of older versions work; often it is a misspelt name.',
    remedy: 'Correct or remove the field, then run `kuanary presets check`.',
  };
}

function judgeDefault({ config }: DoctorContext, names: readonly string[]): Finding[] {
  const { defaultPreset } = config.presets;
  if (defaultPreset === undefined || names.includes(defaultPreset)) return [];
  return [
    {
      verdict: 'warn',
      found: `DEFAULT_PRESET=${defaultPreset} names no preset.`,
      cause: `The presets are ${names.join(', ')}. The url of an answer is that of "thumbnail", or of the first preset.`,
      remedy: 'Set DEFAULT_PRESET to one of these names, or remove it.',
    },
  ];
}

async function judgeRenderings(context: DoctorContext, presets: ReadonlyMap<string, Preset>): Promise<Finding[]> {
  if (context.hasFailed('object-permissions')) {
    return [
      {
        verdict: 'info',
        found: 'The presets were not rendered, because no picture can be stored (object-permissions).',
      },
    ];
  }
  try {
    return await renderPresets(context, presets);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return [
      {
        verdict: 'info',
        found: `The presets were not rendered, because no picture could be stored (${error.message}).`,
      },
    ];
  }
}
