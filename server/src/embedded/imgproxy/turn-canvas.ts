import type { Sharp } from 'sharp';
import type { Canvas, CanvasTools } from './canvas.ts';
import { type Turn, turnSize } from './rectangle.ts';

/** Rotates, then mirrors. */
export async function turnCanvas(canvas: Canvas, tools: CanvasTools, turn: Turn): Promise<Canvas> {
  if (turn.angle === 0 && !turn.flipHorizontally && !turn.flipVertically) return canvas;
  const { image } = await tools.settle(canvas);
  const rotated = { image: image.rotate(turn.angle), size: turnSize(canvas.size, turn.angle) };
  // sharp would flip before it rotates, whatever the order of the calls.
  const settled = await tools.settle(rotated);
  let flipped: Sharp = settled.image;
  if (turn.flipHorizontally) flipped = flipped.flop();
  if (turn.flipVertically) flipped = flipped.flip();
  return tools.settle({ image: flipped, size: settled.size });
}
