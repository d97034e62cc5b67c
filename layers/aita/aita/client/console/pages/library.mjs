// Preact with htm's templates, in place of JSX, which would need a build.

import { h, render } from "./vendor/preact.mjs";
import htm from "./vendor/htm.mjs";

export { h, render };
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.mjs";
export { batch, computed, effect, signal, useSignal } from "./vendor/signals.mjs";
export const html = htm.bind(h);
