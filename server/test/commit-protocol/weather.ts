/** How calls go in a schedule; probabilities of 0 to 1 per call. */
export interface Weather {
  fault: number;
  crash: number;
  /** Calls whose step has this in its name fail more often than not, and crash more often. */
  trouble: string | null;
  /** The answer waits for its own turn: the caller goes on later, hours later if time passes. */
  heldAnswer: number;
}

export const calm: Weather = { fault: 0, crash: 0, trouble: null, heldAnswer: 0 };

/** Whether a call changes the bucket, and whether the storage client itself sends it again after a failure. */
export type CallKind = 'read' | 'write-once' | 'write-retried';

/** In which ways a call goes wrong: never carried out, or now, or later, or answered well and carried out twice. */
export const fates = {
  read: ['lost'],
  'write-once': ['lost', 'carried out', 'late', 'late'],
  'write-retried': ['lost', 'carried out', 'late', 'again'],
} as const;
