/* frame.js - the frame: the latest, the latest hit or a frozen one, as pixels with what was found on it drawn over. Owns both canvases and
 * the view on them; says what picture it wants, is given tiles. */
import {at, canvas_fit, clamp, fixed, ink, is_dark, known, make, on_theme, painter, recall, remember, say, show, short, whole} from "./ui.js";
import {packed_hex, paint, placer, ramp} from "./colours.js";
import {contrast, contrast_open, contrast_tile} from "./contrast.js";
import {draw_beam, draw_counts, draw_labels, draw_rings, draw_spots, draw_trial} from "./marks.js";
import {d_at, to_detector, to_screen, view_fit, view_move, view_new, view_seen, view_wanted, view_zoom} from "./view.js";
import {ask} from "./link.js";

const view = view_new(), marks = recall("marks", {spots: true, rings: true, beam: true, mask: true});
const now = {
	frame: null, channel: null, /* as the node's Shown has them */
	layers: [],                 /* tiles of this frame, the coarsest first: {tile, canvas} */
	trial: null, cursor: null, size: null, gone: false, geometry: null, rings: [], rings_of: -1,
};
const mask = {version: -1, canvas: null, tile: null, asking: false};
const channels = {run: -1, chosen: 0};
let wants = () => {}, last_want = "", shown_ms = 0;

/* --- pixels --- */

function layer_paint(layer) {
	const {tile, canvas} = layer, context = canvas.getContext("2d");
	canvas.width = tile.columns;
	canvas.height = tile.rows;
	const image = new ImageData(tile.columns, tile.rows);
	paint(tile.values, tile.top, new Uint32Array(image.data.buffer), {...contrast(), hole: packed_hex(ink("masked"))});
	context.putImageData(image, 0, 0);
}

function tile_draw(context, box, tile, canvas) {
	const [x, y] = to_screen(view, box, tile.x, tile.y), size = view.scale * tile.bin;
	context.imageSmoothingEnabled = size < 1;
	context.imageSmoothingQuality = "high";
	context.drawImage(canvas, x, y, tile.columns * size, tile.rows * size);
}

const draw_image = painter(() => {
	const box = canvas_fit(at("frame_image")), {context} = box;
	context.clearRect(0, 0, box.width, box.height);
	if (!now.size)
		return;
	if (view.fit)
		view_fit(view, now.size, box);
	for (const layer of now.layers) {
		if (layer.stale)
			layer_paint(layer);
		layer.stale = false;
		tile_draw(context, box, layer.tile, layer.canvas);
	}
	if (marks.mask && mask.canvas && mask.version === now.channel?.mask_version)
		tile_draw(context, box, mask.tile, mask.canvas);
	over_now();
	want();
});

/* --- what is drawn over it --- */

/* The value under a place, from the finest tile there. */
function value_under(x, y) {
	for (const {tile} of [...now.layers].reverse()) {
		const column = Math.floor((x - tile.x) / tile.bin), row = Math.floor((y - tile.y) / tile.bin);
		if (column >= 0 && row >= 0 && column < tile.columns && row < tile.rows)
			return {value: tile.values[row * tile.columns + column], top: tile.top, bin: tile.bin};
	}
	return null;
}

/* In one go with the image, so that both are always of the same frame. */
function over_now() {
	const box = canvas_fit(at("frame_over")), {context} = box;
	context.clearRect(0, 0, box.width, box.height);
	if (!now.size)
		return;
	const labels = marks.rings ? draw_rings(context, view, box, now.rings) : [];
	if (marks.beam && now.geometry)
		draw_beam(context, view, box, now.geometry.beam_px);
	const finest = now.layers.at(-1)?.tile, {map, scale, low, high} = contrast(), place = placer(scale, low, high), colours = ramp(map);
	const dark = v => {
		const c = colours[Math.round(place(v) * 255)];
		return (c & 255) * .3 + (c >> 8 & 255) * .59 + (c >> 16 & 255) * .11 < 128;
	};
	if (finest)
		draw_counts(context, view, box, finest, view_seen(view, now.size, box), dark);
	if (marks.spots && now.channel?.spots)
		draw_spots(context, view, box, now.channel.spots);
	if (now.trial && now.trial.frame === now.frame.id)
		draw_trial(context, view, box, now.trial.spots);
	draw_labels(context, labels);
	stamp();
	tip(box);
}

const draw_over = painter(over_now);

function tip(box) {
	show(at("frame_tip"), Boolean(now.cursor));
	if (!now.cursor)
		return;
	const [x, y] = to_detector(view, box, ...now.cursor), column = Math.floor(x), row = Math.floor(y);
	const inside = column >= 0 && row >= 0 && column < now.size.width && row < now.size.height;
	if (!inside) {
		show(at("frame_tip"), false);
		return;
	}
	const found = value_under(x, y), d = d_at(now.geometry, x, y), spot = spot_near(x, y);
	const counts = !found ? "" : found.value > found.top ? "no data" : `${whole(found.value)} counts${found.bin > 1 ? ` (largest of ${found.bin} × ${found.bin})` : ""}`;
	say(at("frame_tip"), [`x ${column}  y ${row}`, counts, known(d) && d < 1000 ? `d ≈ ${fixed(d, 2)} Å` : "", spot].filter(Boolean).join("   "));
}

function spot_near(x, y) {
	const spots = now.channel?.spots;
	if (!spots || !marks.spots)
		return "";
	let best = -1, least = Infinity;
	for (let i = 0; i < spots.x.length; i++) {
		const far = Math.hypot(spots.x[i] - x, spots.y[i] - y);
		if (far < least && far < Math.max(8 / view.scale, Math.sqrt(spots.n_px[i] / Math.PI) + .7))
			[best, least] = [i, far];
	}
	return best < 0 ? "" : `spot: ${whole(spots.sum[best])} counts in ${spots.n_px[best]} px, highest ${whole(spots.max[best])}${known(spots.d[best]) ? `, ${fixed(spots.d[best], 2)} Å` : ""}`;
}

/* --- the mask --- */

function mask_paint(tile) {
	const canvas = document.createElement("canvas"), context = canvas.getContext("2d"), colour = packed_hex(is_dark() ? "3c5878" : "9fb4cf");
	canvas.width = tile.columns;
	canvas.height = tile.rows;
	const image = new ImageData(tile.columns, tile.rows), pixels = new Uint32Array(image.data.buffer);
	for (let i = 0; i < pixels.length; i++)
		if (tile.values[i] === 0) /* hatched: told from no data by form */
			pixels[i] = (i % tile.columns + Math.floor(i / tile.columns)) % 6 < 3 ? colour : colour & 0x77ffffff;
	context.putImageData(image, 0, 0);
	mask.canvas = canvas;
	mask.tile = tile;
}

/* Asked for once for each version of the mask; of a frame that is surely held. */
async function mask_ask(read) {
	const version = now.channel.mask_version, id = mode === "frozen" ? now.frame.id : mode === "hits" ? "hit" : "latest";
	if (mask.asking || mask.version === version)
		return;
	mask.asking = true;
	try {
		mask_paint(read(await ask(`/api/frames/${id}/mask.raw?bin=0&channel=${channels.chosen}`, "arrayBuffer")));
		mask.version = version;
		draw_image();
	} catch { /* the frame is gone; the next one has the same mask */
	} finally {
		mask.asking = false;
	}
}

/* --- channels, where a detector has several thresholds --- */

async function channels_ask() {
	channels.run = now.frame.run;
	const {channels: list} = await ask("/api/frames/latest").catch(() => ({channels: []}));
	const select = at("frame_channel");
	show(select, list.length > 1);
	select.replaceChildren(...list.map((c, i) => make("option", {value: i, textContent: c.name})));
	if (channels.chosen >= list.length)
		channels.chosen = 0;
	select.value = channels.chosen;
	want();
}

/* --- what the node shows --- */

function stamp() {
	const n = now.channel.numbers || {}, f = now.frame;
	const words = f.status !== "analysed" ? `${f.status}${f.reason ? `: ${f.reason}` : ""}`
		: [now.gone ? "no longer held by the node" : "", `${whole(n.n_spots)} spots`, known(n.d_min) ? `dₘᵢₙ ${fixed(n.d_min, 2)} Å` : "", known(n.score) ? `score ${short(n.score)}` : ""].filter(Boolean).join(" · ");
	at("frame_stamp").replaceChildren(make("b", {textContent: `frame ${whole(f.image)}`}), make("b", {className: f.hit ? "hit" : "miss", textContent: f.hit ? "hit" : "no hit"}),
		make("span", {textContent: words}));
	at("frame_stamp").title = `run ${f.run}, series ${f.series}, image ${f.image}, channel ${now.channel.name}, settings ${now.channel.plan_version}`;
	at("frame_box").dataset.frame = f.id;
	at("frame_box").dataset.image = f.image;
	at("frame_box").dataset.spots = now.channel.spots?.x.length ?? "";
}

let next = null;

/* What the tile that follows is of. */
export function frame_shown(message) {
	if (message.type === "gone") {
		now.gone = true;
		if (!now.size)
			say(at("frame_empty"), "This frame is no longer held.");
		draw_over();
		return;
	}
	next = message;
}

function take(message) {
	const channel = message.frame.channels[0], size = {width: channel.width, height: channel.height};
	if (!now.size || now.size.width !== size.width || now.size.height !== size.height) {
		view.fit = true;
		now.layers = [];
	}
	if (!now.frame || now.frame.id !== message.frame.id)
		now.layers = [];
	now.frame = message.frame;
	now.channel = channel;
	now.size = size;
	now.geometry = channel.geometry;
	if (channel.geometry?.rings) {
		now.rings = channel.geometry.rings;
		now.rings_of = channel.mask_version;
	} else if (now.rings_of !== channel.mask_version) {
		now.rings = [];
	}
}

/* Below a part lies the whole, until another frame comes. */
const is_whole = tile => tile.columns * tile.bin >= now.size.width && tile.rows * tile.bin >= now.size.height;

export function frame_tile(tile, read) {
	if (!next || next.frame.id !== tile.id)
		return null;
	take(next);
	now.layers = is_whole(tile) ? [] : now.layers.filter(l => is_whole(l.tile));
	now.layers.push({tile, canvas: document.createElement("canvas"), stale: true});
	shown_ms = performance.now();
	if (is_whole(tile) && contrast_tile(tile)) /* a part would make it jump while zooming */
		now.layers.forEach(l => l.stale = true);
	now.gone = false;
	show(at("frame_empty"), false);
	draw_image();
	if (marks.mask)
		mask_ask(read);
	if (channels.run !== now.frame.run)
		channels_ask();
	return now.frame;
}

/* --- what it wants --- */

let mode = "latest", frozen_id = null;

function want() {
	const box = at("frame_box"), ratio = window.devicePixelRatio || 1;
	const size = {width: box.clientWidth, height: box.clientHeight};
	const part = now.size && !view.fit ? view_wanted(view, now.size, size, ratio) : {region: null, bin: 0};
	const message = {type: "view", image: document.hidden ? "none" : mode === "frozen" ? frozen_id : mode === "hits" ? "hit" : "latest", channel: channels.chosen, ...part, rate: 10};
	const text = JSON.stringify(message);
	if (text === last_want)
		return;
	last_want = text;
	box.dataset.wants = message.image;
	wants(message);
}

/* After a new connection the node knows nothing of it. */
export function frame_again() {
	last_want = "";
	next = null;
	now.rings_of = -1;
	want();
}

/* The node began anew: its frames have other ids. */
export function frame_forget() {
	mask.version = channels.run = -1;
	if (mode === "frozen")
		frame_mode("latest");
}

export function frame_mode(name, id = null) {
	mode = name;
	frozen_id = name === "frozen" ? id ?? now.frame?.id ?? null : null;
	if (name === "frozen" && frozen_id === null)
		mode = "latest";
	now.trial = null;
	want();
	draw_over();
	return mode;
}

export const frame_is = () => ({mode, channel_number: channels.chosen, id: mode === "frozen" ? frozen_id : now.frame?.id ?? null, frame: now.frame, channel: now.channel, age_ms: performance.now() - shown_ms});

export function frame_trial(trial) {
	now.trial = trial;
	draw_over();
}

export function frame_mark(name) {
	marks[name] = !marks[name];
	remember("marks", marks);
	for (const button of at("frame_marks").children)
		button.setAttribute("aria-pressed", marks[button.value]);
	draw_image();
}

export function frame_zoom(how) {
	const box = {width: at("frame_box").clientWidth, height: at("frame_box").clientHeight};
	if (!now.size)
		return;
	if (how === "fit")
		view_fit(view, now.size, box);
	else if (how === "one")
		view_zoom(view, now.size, box, 1 / (view.scale * (window.devicePixelRatio || 1)), ...(now.cursor || []));
	else
		view_zoom(view, now.size, box, how === "in" ? 1.5 : 1 / 1.5, ...(now.cursor || []));
	draw_image();
}

/* --- hands --- */

function hands(box) {
	const place = event => {
		const r = box.getBoundingClientRect();
		return [event.clientX - r.left, event.clientY - r.top];
	};
	const size = () => ({width: box.clientWidth, height: box.clientHeight});
	let held = null;
	box.addEventListener("wheel", event => {
		event.preventDefault();
		if (now.size)
			view_zoom(view, now.size, size(), Math.exp(-clamp(event.deltaY, -200, 200) * .0022), ...place(event));
		draw_image();
	}, {passive: false});
	box.addEventListener("pointerdown", event => {
		if (event.target.closest("button"))
			return;
		held = place(event);
		box.setPointerCapture(event.pointerId);
		box.classList.add("dragging");
	});
	box.addEventListener("pointermove", event => {
		const [x, y] = now.cursor = place(event);
		if (held && now.size) {
			view_move(view, now.size, x - held[0], y - held[1]);
			held = [x, y];
			draw_image();
		}
		draw_over();
	});
	box.addEventListener("pointerup", () => {
		held = null;
		box.classList.remove("dragging");
	});
	box.addEventListener("pointerleave", () => {
		now.cursor = null;
		draw_over();
	});
	box.addEventListener("dblclick", event => {
		if (event.target.closest("button"))
			return;
		now.cursor = place(event);
		frame_zoom(view.fit ? "one" : "fit");
	});
}

export function frame_open(send) {
	wants = send;
	contrast_open(() => {
		now.layers.forEach(l => l.stale = true);
		draw_image();
	});
	for (const button of at("frame_marks").children)
		button.setAttribute("aria-pressed", Boolean(marks[button.value]));
	say(at("frame_empty"), "No frame yet.");
	at("frame_channel").onchange = () => {
		channels.chosen = Number(at("frame_channel").value);
		at("frame_channel").blur();
		now.layers = [];
		want();
	};
	hands(at("frame_box"));
	new ResizeObserver(() => draw_image()).observe(at("frame_box"));
	document.addEventListener("visibilitychange", want);
	on_theme(() => {
		now.layers.forEach(l => l.stale = true);
		if (mask.tile)
			mask_paint(mask.tile);
		draw_image();
	});
}
