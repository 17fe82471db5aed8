import type { DocumentSource, Toleration } from '../model/fleet.ts';
import { type ParseContext, reportAt } from './read-kind.ts';

/** As it stands in a file; operator `Equal` where none is given, as in Kubernetes. */
export interface TolerationInput {
  readonly key?: string | undefined;
  readonly operator?: Toleration['operator'] | undefined;
  readonly value?: string | undefined;
  readonly effect?: Toleration['effect'] | undefined;
}

/** What a placement bears with. The rules are those of a Pod: without a key only `Exists`, and `Exists` takes no value. */
export function parseTolerations(
  inputs: readonly TolerationInput[],
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): readonly Toleration[] {
  return inputs.map(({ key = '', operator = 'Equal', value = '', effect }, index) => {
    const wrong =
      key === '' && operator !== 'Exists'
        ? 'if the key is empty, the operator must be Exists'
        : operator === 'Exists' && value !== ''
          ? 'operator Exists takes no value'
          : undefined;
    if (wrong !== undefined) {
      reportAt(source, `${pointer}/${index}`, { code: 'BAD_VALUE', message: `toleration: ${wrong}` }, context);
    }
    return { ...(key === '' ? {} : { key }), operator, value, ...(effect === undefined ? {} : { effect }) };
  });
}
