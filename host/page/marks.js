/* marks.js - what is drawn over a frame: spots, spots of a trial, resolution rings, the beam's centre, and the counts of pixels when near. */
import {ink, short} from "./ui.js";
import {FONT, text_size} from "./axes.js";
import {NEAR, to_screen} from "./view.js";

const SPOTS_DRAWN = 4000;
const ICE_NAMED = 3; /* the names of all would hide the frame */

/* Halo below, colour above: to be seen on dark and on bright. */
function stroke_twice(context, colour, width, path) {
	context.beginPath();
	path();
	context.lineWidth = width + 2;
	context.strokeStyle = ink("image-ground");
	context.globalAlpha = .55;
	context.stroke();
	context.globalAlpha = 1;
	context.lineWidth = width;
	context.strokeStyle = colour;
	context.stroke();
}

/* As large as the spot, never too small to be seen. */
const radius = (n_px, scale) => Math.max(5, (Math.sqrt(n_px / Math.PI) + 2.2) * scale);

export function draw_spots(context, view, box, spots) {
	stroke_twice(context, ink("spot"), 1.4, () => {
		for (let i = 0; i < Math.min(spots.x.length, SPOTS_DRAWN); i++) {
			const [x, y] = to_screen(view, box, spots.x[i], spots.y[i]), r = radius(spots.n_px ? spots.n_px[i] : 3, view.scale);
			context.moveTo(x + r, y);
			context.arc(x, y, r, 0, 2 * Math.PI);
		}
	});
}

/* Squares, so that form tells them from the others, too. */
export function draw_trial(context, view, box, spots) {
	stroke_twice(context, ink("trial"), 1.6, () => {
		for (let i = 0; i < Math.min(spots.x.length, SPOTS_DRAWN); i++) {
			const [x, y] = to_screen(view, box, spots.x[i], spots.y[i]), r = radius(spots.n_px ? spots.n_px[i] : 3, view.scale) + 2.5;
			context.rect(x - r, y - r, 2 * r, 2 * r);
		}
	});
}

function label(context, words, colour, x, y) {
	const width = context.measureText(words).width;
	context.globalAlpha = .8;
	context.fillStyle = ink("card");
	context.fillRect(x - width / 2 - 3, y - text_size() * .7, width + 6, text_size() * 1.4);
	context.globalAlpha = 1;
	context.fillStyle = colour;
	context.fillText(words, x, y);
}

/* A ring's line on the screen, broken where the node says that there is none; the points that can be seen, for its label. */
function ring_path(context, view, box, ring, seen) {
	let pen = false;
	for (let i = 0; i < ring.x.length; i++) {
		if (ring.x[i] === null || ring.y[i] === null) {
			pen = false;
			continue;
		}
		const [x, y] = to_screen(view, box, ring.x[i], ring.y[i]);
		if (pen)
			context.lineTo(x, y);
		else
			context.moveTo(x, y);
		pen = true;
		if (x > 26 && y > 40 && x < box.width - 26 && y < box.height - 40)
			seen.push([x, y]);
	}
}

const overlap = ([ax, ay], [bx, by]) => Math.abs(ax - bx) < text_size() * 4.5 && Math.abs(ay - by) < text_size() * 1.6;

/* Each label where its ring is nearest to the upper right (ice: upper left), unless another one stands there. */
function label_place(seen, ice, taken) {
	const free = seen.filter(p => !taken.some(t => overlap(t, p)));
	const good = ([x, y]) => (ice ? -x : x) - y;
	return free.length ? free.reduce((a, b) => good(b) > good(a) ? b : a) : null;
}

/* Their lines; returns their names for draw_labels, which comes last. */
export function draw_rings(context, view, box, rings) {
	const taken = [[0, 0], [box.width * .15, 8]];
	const labels = [];
	let n_ice = 0;

	for (const ring of rings) {
		const seen = [], colour = ink(ring.ice ? "trial" : "ring");
		context.setLineDash(ring.ice ? [2, 6] : [7, 5]);
		stroke_twice(context, colour, 1.1, () => ring_path(context, view, box, ring, seen));
		context.setLineDash([]);
		const place = ring.ice && ++n_ice > ICE_NAMED ? null : label_place(seen, ring.ice, taken);
		if (place) {
			taken.push(place);
			labels.push([`${Number(ring.d.toPrecision(3))}\u2009Å${ring.ice ? " ice" : ""}`, colour, ...place]);
		}
	}
	return labels;
}

export function draw_labels(context, labels) {
	context.font = `600 ${text_size()}px ${FONT}`;
	context.textAlign = "center";
	context.textBaseline = "middle";
	for (const one of labels)
		label(context, ...one);
}

export function draw_beam(context, view, box, beam) {
	const [x, y] = to_screen(view, box, beam[0], beam[1]);
	stroke_twice(context, ink("ring"), 1.8, () => {
		for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
			context.moveTo(x + 3 * a, y + 3 * b);
			context.lineTo(x + 12 * a, y + 12 * b);
		}
	});
}

/* The counts on each pixel that is seen. image: {x, y, bin 1, columns, rows, values, top}. */
export function draw_counts(context, view, box, image, seen, is_dark_at) {
	if (view.scale < NEAR || image.bin !== 1)
		return;
	context.font = `${Math.min(text_size(), view.scale * .36)}px ${FONT}`;
	context.textAlign = "center";
	context.textBaseline = "middle";
	for (let y = Math.max(seen.y, image.y); y < Math.min(seen.y + seen.height, image.y + image.rows); y++)
		for (let x = Math.max(seen.x, image.x); x < Math.min(seen.x + seen.width, image.x + image.columns); x++) {
			const value = image.values[(y - image.y) * image.columns + x - image.x], [sx, sy] = to_screen(view, box, x + .5, y + .5);
			const none = value > image.top;
			context.fillStyle = none ? ink("soft") : is_dark_at(value) ? "#fff" : "#000";
			context.fillText(none ? "×" : value >= 1e5 ? short(value) : String(value), sx, sy);
		}
}
