/** Tells somebody who waits that work goes on. */
export interface Progress {
  /** Says a line now. */
  say(line: string): void;
  /** Changes what the next regular line says. */
  note(line: string): void;
  stop(): void;
}

/** How often a line comes while nothing new happens. */
const EVERY_MS = 10_000;

/** Repeats the newest line every 10 s with the time since the start, until `stop`. */
export function startProgress(write: (line: string) => void): Progress {
  const start = performance.now();
  let current = '';
  const timer = setInterval(() => {
    if (current !== '') write(`${current} (${printElapsed(performance.now() - start)})`);
  }, EVERY_MS);
  timer.unref();
  return {
    say: (line) => {
      current = line;
      write(line);
    },
    note: (line) => {
      current = line;
    },
    stop: () => clearInterval(timer),
  };
}

function printElapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
