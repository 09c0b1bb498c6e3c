/** One line of the answer. `ratio` is value / reference; `goal` names which of the figures it is about. */
export interface Measurement {
  name: string;
  unit: string;
  value: number;
  reference: number;
  ratio: number;
  goal: string;
  met: boolean;
}

export interface Goal {
  figure: 'value' | 'ratio';
  comparison: '<' | '<=' | '>=';
  limit: number;
}

/** Ours and theirs, measured right after each other. */
export interface Pair {
  value: number;
  reference: number;
}

/** A benchmark tells how far it is by `progress`, for people who watch. */
export type Benchmark = (progress: (message: string) => void) => Promise<Measurement[]>;

/**
 * The medians of the pairs. The ratio is the median of each pair's own ratio: whatever else the machine was doing weighed
 * on both halves of a pair, but not on all pairs alike.
 */
export function summarisePairs(name: string, unit: string, pairs: readonly Pair[], goal: Goal): Measurement {
  const value = median(pairs.map((pair) => pair.value));
  const ratio = median(pairs.map((pair) => pair.value / pair.reference));
  return {
    name,
    unit,
    value: round(value),
    reference: round(median(pairs.map(({ reference }) => reference))),
    ratio: round(ratio),
    goal: `${goal.figure} ${goal.comparison} ${goal.limit}`,
    met: meets(goal.figure === 'value' ? value : ratio, goal),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('There is no median of nothing.');
  return (lower + upper) / 2;
}

function meets(figure: number, { comparison, limit }: Goal): boolean {
  if (comparison === '<') return figure < limit;
  return comparison === '<=' ? figure <= limit : figure >= limit;
}

/** Four digits are more than these figures are good for. */
function round(number: number): number {
  return Number(number.toPrecision(4));
}
