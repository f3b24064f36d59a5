/* peaks.js - the peakogram: how many spots had which peak height at which resolution. Shows saturation and how far it diffracts at one look. */
import {at, canvas_fit, ink, on_theme, painter, say, short, whole} from "./ui.js";
import {FONT, axes, decades, empty, text_size} from "./axes.js";
import {heat_box, heat_draw, heat_scale} from "./heat.js";

const RESOLUTIONS = [50, 20, 10, 7, 5, 4, 3, 2.5, 2, 1.8, 1.6, 1.4, 1.2, 1.1, 1, .9, .8, .7, .6, .5];
let now = null, saturation = null;

/* The part of the table that has anything in it, with a margin. */
function used(p) {
	let columns = 0, low = p.rows, high = -1;
	for (let r = 0; r < p.rows; r++)
		for (let c = 0; c < p.columns; c++)
			if (p.counts[r * p.columns + c]) {
				columns = Math.max(columns, c + 1);
				low = Math.min(low, r);
				high = Math.max(high, r);
			}
	return high < 0 ? null : {columns: Math.min(p.columns, Math.max(10, columns + 2)), low: Math.max(0, low - 1), high: Math.min(p.rows, high + 3)};
}

/* Those resolutions whose labels do not touch. */
function spaced(place, width) {
	const out = [];
	for (const d of RESOLUTIONS)
		if (!out.length || place(d) - place(out.at(-1)) > width)
			out.push(d);
	return out;
}

const draw = painter(() => {
	const {context, width, height} = canvas_fit(at("peaks_canvas")), part = now && used(now);
	context.clearRect(0, 0, width, height);
	if (!part) {
		empty(context, width, height, "No spots yet.");
		return;
	}
	const box = heat_box(width, height), rows = part.high - part.low, values = new Float32Array(part.columns * rows).fill(NaN);
	let most = 1;
	for (let r = 0; r < rows; r++)
		for (let c = 0; c < part.columns; c++) {
			const n = now.counts[(part.high - 1 - r) * now.columns + c];
			most = Math.max(most, n);
			values[r * part.columns + c] = n || NaN;
		}
	const look = {scale: "log", low: 0, high: most};
	heat_draw(context, box, {columns: part.columns, rows, values, ...look});
	const x = d => box.left + 1 / d / (part.columns * now.step_per_angstrom) * (box.right - box.left);
	const low = 2 ** (part.low / now.per_octave), high = 2 ** (part.high / now.per_octave);
	const y = v => box.bottom - Math.log2(v / low) / Math.log2(high / low) * (box.bottom - box.top);
	if (saturation > low && saturation < high)
		line(context, box, y(saturation), "saturation");
	axes(context, box, {ticks: spaced(x, text_size() * 2.6).filter(d => x(d) <= box.right + 1), place: x, name: "resolution / Å", say: String},
		{ticks: decades(low, high), place: y, name: "peak / counts", say: short});
	heat_scale(context, box, {...look, name: "spots"});
});

function line(context, box, y, words) {
	context.strokeStyle = context.fillStyle = ink("bad");
	context.setLineDash([5, 4]);
	context.beginPath();
	context.moveTo(box.left, y);
	context.lineTo(box.right, y);
	context.stroke();
	context.setLineDash([]);
	context.font = `${text_size()}px ${FONT}`;
	context.textAlign = "right";
	context.textBaseline = "bottom";
	context.fillText(words, box.right - 4, y - 2);
}

export function peaks_show(peakogram) {
	now = peakogram;
	say(at("peaks_key"), now ? `${whole(now.counts.reduce((a, b) => a + b, 0))} spots of this run` : "");
	draw();
}

export function peaks_saturation(value) {
	if (saturation !== value) {
		saturation = value;
		draw();
	}
}

export function peaks_open() {
	on_theme(draw);
	new ResizeObserver(draw).observe(at("panel_peaks"));
}
