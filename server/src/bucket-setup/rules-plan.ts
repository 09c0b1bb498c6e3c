/** What a bucket's rules are to become, and what differs from what they are. */
export interface RulesPlan<Rule> {
  next: Rule[];
  /** Empty: there is nothing to do. */
  changes: RuleChange[];
}

/** One rule of ours, in lines for people. No `before`: it is added; no `after`: it is removed. */
export interface RuleChange {
  ruleId: string;
  before: string[];
  after: string[];
}
