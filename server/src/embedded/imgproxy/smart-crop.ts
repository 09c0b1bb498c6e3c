import type { Canvas } from './canvas.ts';
import type { Rectangle, Size } from './rectangle.ts';

/**
 * The part of a settled canvas of size `inner` around the spot that draws most attention (edges, saturation, skin tones): what libvips
 * does for `sm`. sharp only crops by attention together with scaling, so it is asked for the spot and the cut is made here.
 */
export async function findSmartCrop({ image, size }: Canvas, inner: Size): Promise<Rectangle> {
  const spot = (await findAttention(image, size, inner)) ??
    // In equal proportions nothing is left to crop after scaling, and sharp does not look for a spot.
    (await findAttention(image, size, { width: Math.max(1, inner.width - 1), height: inner.height })) ?? {
      x: size.width / 2,
      y: size.height / 2,
    };
  return {
    left: Math.trunc(Math.max(0, Math.min(spot.x - inner.width / 2, size.width - inner.width))),
    top: Math.trunc(Math.max(0, Math.min(spot.y - inner.height / 2, size.height - inner.height))),
    ...inner,
  };
}

async function findAttention(
  image: Canvas['image'],
  size: Size,
  inner: Size,
): Promise<{ x: number; y: number } | undefined> {
  const { info } = await image
    .clone()
    .resize(inner.width, inner.height, { fit: 'cover', position: 'attention' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.attentionX === undefined || info.attentionY === undefined) return undefined;
  // The spot is told in the scaled picture's pixels.
  const shrink = Math.min(size.width / inner.width, size.height / inner.height);
  return { x: info.attentionX * shrink, y: info.attentionY * shrink };
}
