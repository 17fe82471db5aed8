import type { LabelExpression } from '../model/fleet.ts';

/**
 * Whether the value of a label fits, as Kubernetes compares: `NotIn` also matches where the label is absent, and a text that
 * is no whole number is neither greater nor less.
 */
export function matchesExpression(
  { operator, values }: Omit<LabelExpression, 'key'>,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      if (value === undefined || !/^-?\d{1,15}$/.test(value)) return false;
      const difference = Number(value) - Number(values[0]);
      return operator === 'Gt' ? difference > 0 : difference < 0;
    }
  }
}
