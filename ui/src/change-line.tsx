import type { JSX } from 'preact';
import { factorText, type Sides, sidesText } from './difference-colours.ts';
import { changeText } from './number-text.ts';
import { amountText, changeShown, type Figures } from './state.ts';

/**
 * before → after of what the colour stands for, how much that is of itself and of the whole; then the other of function
 * and stack, where it differs.
 */
export function ChangeLine({ figures }: { figures: Figures }): JSX.Element | null {
  const { change } = figures;
  if (!change) return null;
  const text = amountText.value;
  const byFunction = changeShown.value.functions !== null;
  const { stack, function: all, whole } = change;
  const alone = stack.before === all.before && stack.after === all.after;
  const amounts = (sides: Sides) => {
    const factor = factorText(sides);
    return `${sidesText(sides, text)}${factor.startsWith('×') ? ` (${factor})` : ''}`;
  };
  const main = byFunction ? all : stack;
  return (
    <span class="change-line">
      {byFunction ? 'function' : 'this stack'} <b>{amounts(main)}</b>,{' '}
      {changeText((main.after - main.before) / Math.max(whole, 1e-12))} of the whole
      {!alone && (
        <span class="weak">
          {' '}
          · {byFunction ? 'this stack' : 'function'} {amounts(byFunction ? stack : all)}
        </span>
      )}
    </span>
  );
}
