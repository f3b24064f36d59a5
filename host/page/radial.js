/* radial.js - the radial profile: last frame, mean of the hits, mean of all; and, over time, the waterfall. */
import {at, canvas_fit, known, on_theme, painter, quantile, say, show, whole} from "./ui.js";
import {chart_open} from "./charts.js";
import {axes, empty, ticks} from "./axes.js";
import {heat_box, heat_draw, heat_scale} from "./heat.js";


const NAMES = {q: "q / Å⁻¹", two_theta: "2θ / °", radius: "radius / mm"};
const SAYS = {
	q: v => `q ${v.toFixed(3)} Å⁻¹ = ${(2 * Math.PI / v).toFixed(2)} Å`, two_theta: v => `2θ ${v.toFixed(2)}°`, radius: v => `${v.toFixed(1)} mm`,
};
let chart = null, made = "", log = false, now = null, curves = null;

export function radial_open() {
	on_theme(draw_waterfall);
	new ResizeObserver(draw_waterfall).observe(at("waterfall_box"));
}

const range_linear = (u, low, high) => [Math.min(0, low ?? 0), Math.max(0, high ?? 0) * 1.06 || 1];
const range_log = (u, low, high) => known(low) && low > 0 && known(high) ? [low / 1.2, high * 1.2] : [.1, 10];

/* Anew where the unit or the scale is another. */
function chart_make(unit) {
	if (made === `${unit} ${log}`)
		return;
	made = `${unit} ${log}`;
	chart?.close();
	chart = chart_open(at("radial_plot"), at("radial_key"), {
		x: {name: NAMES[unit] || unit, say: SAYS[unit]}, y: [{scale: "i", label: "counts/pixel", log, range: log ? range_log : range_linear}],
		lines: [
			{name: "last", scale: "i", colour: "grey", dash: "dotted", title: "the last frame"},
			{name: "hits", scale: "i", colour: "red", title: "mean of the run's hits"},
			{name: "all", scale: "i", colour: "blue", dash: "dashed", title: "mean of all frames of the run"},
		],
	});
}

/* Sectors one after the other in the curve become their mean. */
function curve(values, bins, sectors) {
	if (!values || sectors <= 1)
		return values && values.length ? values : new Array(bins).fill(null);
	const out = new Array(bins).fill(null);
	for (let i = 0; i < bins; i++) {
		let sum = 0, n = 0;
		for (let s = 0; s < sectors; s++)
			if (known(values[s * bins + i])) {
				sum += values[s * bins + i];
				n++;
			}
		out[i] = n ? sum / n : null;
	}
	return out;
}

export function radial_show(radial) {
	if (!radial || !radial.unit || !radial.axis.length) {
		if (chart)
			chart.set([[], [], [], []]);
		else
			say(at("radial_key"), radial?.off || "");
		return;
	}
	curves = radial;
	chart_make(radial.unit);
	const positive = values => log ? values.map(v => v > 0 ? v : null) : values;
	const n = radial.axis.length, parts = radial.sectors || 1;
	chart.set([radial.axis, ...[radial.last, radial.hits, radial.all].map(values => positive(curve(values, n, parts)))]);
	at("radial_key").title = `hits: ${whole(radial.n_hits)} frames, all: ${whole(radial.n_all)} frames`;
}

/* --- waterfall --- */

export const draw_waterfall = painter(() => {
	if (at("waterfall_box").hidden)
		return;
	const {context, width, height} = canvas_fit(at("waterfall_canvas"));
	context.clearRect(0, 0, width, height);
	if (!now || !now.rows.length || !now.axis.length) {
		empty(context, width, height, "No profiles yet.");
		return;
	}
	const box = heat_box(width, height), columns = now.axis.length, shown = Math.min(now.rows.length, Math.floor(box.bottom - box.top));
	const rows = now.rows.slice(-shown).reverse(), values = new Float32Array(columns * shown).fill(NaN);
	rows.forEach((row, i) => row?.forEach((v, k) => values[i * columns + k] = v ?? NaN));
	const sorted = values.filter(Number.isFinite).sort(), look = {scale: "sqrt", low: quantile(sorted, .02), high: quantile(sorted, .995) || 1};
	const newest = now.seconds.at(-1), oldest = now.seconds.at(-shown), first = now.axis[0], last = now.axis.at(-1);
	heat_draw(context, box, {columns, rows: shown, values, ...look});
	const x = v => box.left + (v - first) / (last - first) * (box.right - box.left), y = v => box.top + v / Math.max(1, newest - oldest) * (box.bottom - box.top);
	axes(context, box, {ticks: ticks(first, last, (box.right - box.left) / 60), place: x, name: NAMES[now.unit] || ""},
		{ticks: ticks(0, Math.max(1, newest - oldest), (box.bottom - box.top) / 30), place: y, name: "seconds ago"});
	heat_scale(context, box, {...look, name: "counts/px"});
});

export function waterfall_show(waterfall) {
	now = waterfall;
	draw_waterfall();
}

/* profile, log or waterfall */
export function radial_view(name) {
	show(at("radial_plot"), name !== "waterfall");
	show(at("radial_key"), name !== "waterfall");
	show(at("waterfall_box"), name === "waterfall");
	if (name !== "waterfall") {
		log = name === "log";
		radial_show(curves);
	}
	draw_waterfall();
}
