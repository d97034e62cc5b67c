// Quotes marked in a text that is in pieces: plain ones, which are cut where a quote begins or ends, and formulas,
// which are marked whole.

/**
 * Return pieces with the numbers of the criteria whose quotes are in them: [source, tree or null, numbers].
 *
 * pieces: [source, tree or null] in the order of the text. quotes: for each criterion, places [start, end) in it.
 */
export function marked(pieces, quotes) {
  const places = quotes.flatMap((each, index) => each.map(([start, end]) => ({ start, end, number: index + 1 })));
  const numbersIn = (start, end) =>
    [...new Set(places.filter((each) => each.start < end && each.end > start).map((each) => each.number))];
  const found = [];
  let start = 0;
  for (const [source, tree] of pieces) {
    const end = start + source.length;
    const inside = places.flatMap((each) => [each.start, each.end]).filter((each) => each > start && each < end);
    const cuts = tree ? [start, end] : [...new Set([start, ...inside, end])].sort((one, other) => one - other);
    for (let index = 0; index + 1 < cuts.length; index++) {
      const [from, to] = [cuts[index], cuts[index + 1]];
      found.push([source.slice(from - start, to - start), tree, numbersIn(from, to)]);
    }
    start = end;
  }
  return found;
}
