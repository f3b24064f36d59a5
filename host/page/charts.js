/* charts.js - line charts: uPlot in the page's colours and words, sized to its place, with a key that shows the value under the cursor. */
import {ink, make, on_theme, painter, say, short, show} from "./ui.js";
import {FONT, text_size} from "./axes.js";

const DASHES = {solid: [], dashed: [7, 4], dotted: [2, 3]};

export function clock(seconds) {
	return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/* The key's entries: a stroke, the name, the value; returns the places of the values. First where the cursor is, while it is somewhere. */
function key_fill(key, lines) {
	const values = lines.map(() => make("b", {textContent: ""})), where = make("span", {className: "where", hidden: true});
	key.replaceChildren(where, ...lines.map((line, i) => {
		const stroke = make("i", {className: line.dash || "solid"});
		stroke.style.borderColor = `var(--${line.colour})`;
		return make("span", {title: line.title || ""}, stroke, `${line.name} `, values[i]);
	}));
	return {values, where};
}

const shorts = (u, list) => list.map(v => v === null ? "" : short(v));

/* The plot library's own never end where a logarithmic axis begins below 0, as it may for the moment between two sets of data. */
function log_splits(u, axis, low, high) {
	const out = [], first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
	if (!(low > 0 && high >= low) || last - first > 40)
		return out;
	for (let decade = first; decade <= last; decade++)
		for (const digit of last - first > 4 ? [1] : last - first > 2 ? [1, 3] : [1, 2, 5]) {
			const v = digit * 10 ** decade;
			if (v >= low && v <= high)
				out.push(v);
		}
	return out;
}

function axis(place, side, size, grid) {
	return {
		scale: place.scale, side, size: () => size() * (side === 2 ? 2.3 : 3.1), labelSize: size() * 1.25, labelGap: 0, gap: 3, label: place.label,
		font: `${size()}px ${FONT}`, labelFont: `${size()}px ${FONT}`, stroke: () => ink("soft"),
		grid: {show: grid, stroke: () => ink("grid"), width: 1}, ticks: {stroke: () => ink("line"), width: 1, size: 4},
		values: (u, list, ...more) => u.data[0].length ? (place.values || shorts)(u, list, ...more) : list.map(() => ""), space: side === 2 ? 62 : 26, incrs: place.incrs,
		splits: place.splits || (place.log ? log_splits : undefined),
	};
}

function line_of(line) {
	const none = () => null;
	return {
		label: line.name, scale: line.scale, stroke: () => ink(line.colour), width: line.points === "only" ? 0 : 1.8, dash: DASHES[line.dash || "solid"],
		points: line.points ? {show: true, size: line.points === "only" ? 4 : 5, fill: () => ink(line.colour), width: 0} : {show: false},
		paths: line.points === "only" ? none : line.steps ? uPlot.paths.stepped({align: 1}) : undefined,
		fill: line.fill ? () => `color-mix(in srgb, ${ink(line.colour)} 14%, transparent)` : undefined, spanGaps: line.gaps === "span",
	};
}

/* One chart. x: {name, values?}; y: [{scale, label, range}], left first; lines: [{name, unit, scale, colour, dash, points, fill, digits}].
 * data: columns, x first; a null is a gap. sync: charts of one name show the same cursor. */
export function chart_open(box, key, {x, y, lines, sync}) {
	const {values, where} = key_fill(key, lines);
	let plot = null, data = [[], ...lines.map(() => [])], x_now = x, range = null, closed = false;

	function say_values() {
		const at_cursor = plot && plot.cursor.left >= 0 ? plot.cursor.idx : null, place = data[0][at_cursor];
		show(where, place !== undefined);
		if (place !== undefined)
			say(where, x_now.say ? x_now.say(place) : `${x_now.name} ${short(place)}`);
		lines.forEach((line, i) => {
			const column = data[i + 1];
			let k = at_cursor ?? column.length - 1;
			while (at_cursor == null && k > 0 && column[k] == null)
				k--;
			const value = column[k];
			say(values[i], value == null ? "–" : (line.say ? line.say(value) : short(value)) + (line.unit || ""));
		});
	}

	function options() {
		return {
			width: Math.max(60, box.clientWidth), height: Math.max(50, box.clientHeight), legend: {show: false}, padding: [6, y.length > 1 ? 0 : 8, 0, 0],
			cursor: {sync: sync ? {key: sync, scales: ["x", null]} : undefined, y: false, points: {size: 7}, drag: {x: false, y: false}},
			scales: {
				x: {time: false, range: (u, low, high) => range || (low === high ? [low - 1, high + 1] : [low, high])},
				...Object.fromEntries(y.map(s => [s.scale, {range: s.range, distr: s.log ? 3 : 1, dir: s.dir || 1}])),
			},
			axes: [axis({scale: "x", label: x_now.name, values: x_now.values, incrs: x_now.incrs}, 2, text_size, true), ...y.map((s, i) => axis(s, i ? 1 : 3, text_size, !i))],
			series: [{}, ...lines.map(line_of)], hooks: {setCursor: [say_values]},
		};
	}

	function rebuild() {
		if (plot)
			plot.destroy();
		plot = box.clientWidth && !closed ? new uPlot(options(), data, box) : null;
	}

	const repaint = painter(() => {
		if (!box.clientWidth || closed)
			return;
		if (!plot)
			rebuild();
		else
			plot.setData(data);
		say_values();
	});
	const watch = new ResizeObserver(() => {
		if (plot && box.clientWidth)
			plot.setSize({width: Math.max(60, box.clientWidth), height: Math.max(50, box.clientHeight)});
		else
			repaint();
	});
	watch.observe(box);
	window.addEventListener("resize", painter(rebuild)); /* letters change their size, too */
	on_theme(() => plot && plot.redraw());
	return {
		set(columns, x_range) {
			data = columns;
			range = x_range || null;
			repaint();
		},
		x_axis(next) {
			x_now = next;
			rebuild();
			repaint();
		},
		close() {
			closed = true;
			watch.disconnect();
			rebuild();
		},
	};
}

/* Ranges that do not dance: from nothing to somewhat above the largest. */
export function from_zero(least) {
	return (u, low, high) => {
		const top = Math.max(least, high === null || !Number.isFinite(high) ? least : high * 1.08);
		return [0, top];
	};
}
