import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultProcessingOptions, type ProcessingOptions } from './processing-options.ts';
import { planRendering, type RenderPlan } from './render-plan.ts';
import type { PlannedSource } from './shrink-on-load.ts';

const plan = (source: PlannedSource, options: Partial<ProcessingOptions>, maxResultSide = 0): RenderPlan =>
  planRendering(source, { ...defaultProcessingOptions(), ...options }, maxResultSide);
const picture: PlannedSource = { width: 1200, height: 800, shrinksOnLoad: 'never' };

// The sizes themselves are held to imgproxy's by the rendering suite.
describe('planRendering', () => {
  it('keeps proportions for fit, covers for fill and crops by the rest', () => {
    expect(plan(picture, { width: 300, height: 300 }).scaled).toEqual({ width: 300, height: 200 });
    const filled = plan(picture, { resizingType: 'fill', width: 300, height: 300 });
    expect(filled).toMatchObject({ scaled: { width: 450, height: 300 }, resultCrop: { width: 300, height: 300 } });
  });

  it('lowers the pixel ratio rather than enlarge', () => {
    expect(plan(picture, { width: 800, dpr: 3 })).toMatchObject({
      dprScale: 1.5,
      scaled: { width: 1200, height: 800 },
    });
    expect(plan(picture, { width: 800, dpr: 3, enlarge: true }).scaled).toEqual({ width: 2400, height: 1600 });
  });

  it('scales paddings by the pixel ratio', () => {
    const padded = plan(picture, { width: 100, dpr: 1.5, padding: { top: 1, right: 3, bottom: 10, left: 0 } });
    expect(padded.padding).toEqual({ top: 2, right: 4, bottom: 15, left: 0 });
  });

  it('rounds a crop to the picture that the decoder shrank', () => {
    const options = { cropWidth: 201, cropHeight: 101, width: 77 };
    expect(plan({ ...picture, shrinksOnLoad: 'never' }, options).scaled).toEqual({ width: 77, height: 39 });
    const shrunk = plan({ width: 1001, height: 667, shrinksOnLoad: 'in-powers-of-two' }, options);
    expect(shrunk.scaled).toEqual({ width: 77, height: 38 });
  });

  it('scales down what would be longer than the limit, paddings included', () => {
    const limited = plan(picture, { padding: { top: 0, right: 100, bottom: 0, left: 100 } }, 700);
    expect(limited.scaled.width + limited.padding.left + limited.padding.right).toBe(700);
    expect(plan(picture, { width: 300 }, 700).scaled.width).toBe(300);
  });

  it('stays within what fit asks for and never enlarges unasked', () => {
    const side = fc.integer({ min: 1, max: 3000 });
    const manner = fc.constantFrom<PlannedSource['shrinksOnLoad']>('never', 'freely', 'in-powers-of-two');
    fc.assert(
      fc.property(side, side, side, side, manner, (sourceWidth, sourceHeight, width, height, shrinksOnLoad) => {
        const source = { width: sourceWidth, height: sourceHeight, shrinksOnLoad };
        const { scaled } = plan(source, { width, height });
        expect(scaled.width).toBeLessThanOrEqual(Math.min(sourceWidth, width));
        expect(scaled.height).toBeLessThanOrEqual(Math.min(sourceHeight, height));
        expect(scaled.width).toBeGreaterThanOrEqual(1);
        expect(scaled.height).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
