/** How fast messages cross, from counters that were seen at known times. */
import type { Counters } from './model';

/** The span that a rate is told of, in milliseconds. */
const SPAN = 60_000;

/** Messages a minute. */
export interface Rate {
  out: number;
  in: number;
}

interface Sample {
  time: number;
  out: number;
  in: number;
}

/** Remembers the counters of the last minute. Times are milliseconds of any one clock. */
export class Rates {
  #samples: Sample[] = [];

  /** Takes note of counters at a time. */
  note(counters: Counters, time: number): void {
    const sample = { time, out: counters.posted, in: counters.delivered };
    const last = this.#samples.at(-1);
    // Counters that went back belong to a bridge that was set up anew.
    if (last && (sample.out < last.out || sample.in < last.in)) this.#samples = [];
    this.#samples.push(sample);
    // One sample from before the span stays: what the counters were when it began.
    while ((this.#samples[1]?.time ?? time) <= time - SPAN) this.#samples.shift();
  }

  /** What crossed in the minute before `now`. */
  at(now: number): Rate {
    const last = this.#samples.at(-1);
    if (!last) return { out: 0, in: 0 };
    const first = this.#samples.findLast(({ time }) => time <= now - SPAN) ?? this.#samples[0] ?? last;
    return { out: last.out - first.out, in: last.in - first.in };
  }
}
