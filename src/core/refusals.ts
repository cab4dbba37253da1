import { DefinitionError, DurachartError } from './error.ts';

/** What is wrong with a machine, all of it: whoever mends one thing should not be told of the next only then. */
export class Refusals {
  private readonly errors: DurachartError[] = [];

  add(error: DurachartError): void {
    const { refusals } = error.details as { refusals?: readonly DurachartError[] };
    this.errors.push(...(refusals ?? [error]));
  }

  /** Runs a check that throws what it refuses. */
  check(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof DurachartError)) throw error;
      this.add(error);
    }
  }

  /** @throws the one thing that is wrong, or a DefinitionError with the list of them: `INVALID_MACHINE`, if their codes differ */
  settle(workflow: string): void {
    const [first, ...others] = this.errors;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    const lines = this.errors.map(({ message }) => `- ${message.replace(`Workflow ${workflow}, `, '')}`);
    throw new DefinitionError(
      others.every(({ code }) => code === first.code) ? first.code : 'INVALID_MACHINE',
      [`Workflow ${workflow} cannot be made durable as it is, for ${this.errors.length} reasons:`, ...lines].join('\n'),
      { refusals: this.errors },
    );
  }
}
