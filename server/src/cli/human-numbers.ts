const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
const counts = new Intl.NumberFormat('en-GB');

export function formatCount(count: number): string {
  return counts.format(count);
}

/** In the largest unit of thousands that gives at least 1, with one decimal: "1.3 MB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // From 999.95 on, one decimal would show 1000.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat('en-GB', {
    style: 'unit',
    unit: units[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  }).format(value);
}
