// Points as numbers of steps of a criterion's scale, written without the noise of binary fractions.

const PRECISION = 1e6;

/** Return a number of points without the noise of sums of binary fractions. */
export const exact = (points) => Math.round(points * PRECISION) / PRECISION;

/** Return the sum of points; null if one of them is not decided. */
export const total = (points) => points.includes(null) ? null : exact(points.reduce((sum, each) => sum + each, 0));

/** Return points as text; a dash stands for points that are not decided. */
export const written = (points) => points === null || points === undefined ? "–" : String(exact(points));

/** Return a criterion's points after its key: all of them, or none if it has all. */
export const toggled = (points, most) => points === most ? 0 : most;

/** Return a criterion's points after its key with shift: half of them at first, then one step more, round and round. */
export function partOf(points, most, step) {
  if (most <= step) return toggled(points, most);
  const whole = points === null || points === 0 || points === most;
  const half = Math.floor(exact(most / 2 / step)) * step;
  const next = exact(whole ? Math.max(step, half) : points + step);
  return next < most ? next : step;
}
