/* view.js - which part of a frame is seen, how large, and the geometry behind it: detector pixels to screen and to resolution. Pure. */
import {clamp} from "./ui.js";

export const NEAR = 24; /* CSS pixels a detector pixel must have for its value to be written on it */
const SCALE_MAX = 64;

/* centre in detector pixels (corners at whole numbers), scale in CSS pixels per detector pixel; fit: follow the size of the box. */
export function view_new() {
	return {x: 0, y: 0, scale: 1, fit: true};
}

export function view_fit(view, frame, box) {
	view.x = frame.width / 2;
	view.y = frame.height / 2;
	view.scale = Math.min(box.width / frame.width, box.height / frame.height);
	view.fit = true;
}

const scale_least = (frame, box) => Math.min(1, box.width / frame.width, box.height / frame.height) * .8;

/* The frame's middle never leaves the box altogether. */
function hold(view, frame) {
	view.x = clamp(view.x, 0, frame.width);
	view.y = clamp(view.y, 0, frame.height);
}

export function to_screen(view, box, x, y) {
	return [(x - view.x) * view.scale + box.width / 2, (y - view.y) * view.scale + box.height / 2];
}

export function to_detector(view, box, sx, sy) {
	return [(sx - box.width / 2) / view.scale + view.x, (sy - box.height / 2) / view.scale + view.y];
}

/* The pixel under the cursor stays under it. */
export function view_zoom(view, frame, box, factor, sx = box.width / 2, sy = box.height / 2) {
	const [x, y] = to_detector(view, box, sx, sy);
	view.scale = clamp(view.scale * factor, scale_least(frame, box), SCALE_MAX);
	view.x = x - (sx - box.width / 2) / view.scale;
	view.y = y - (sy - box.height / 2) / view.scale;
	view.fit = false;
	hold(view, frame);
}

export function view_move(view, frame, dx, dy) {
	view.x -= dx / view.scale;
	view.y -= dy / view.scale;
	view.fit = false;
	hold(view, frame);
}

/* The rectangle of detector pixels that can be seen, whole pixels. */
export function view_seen(view, frame, box) {
	const [x0, y0] = to_detector(view, box, 0, 0), [x1, y1] = to_detector(view, box, box.width, box.height);
	const left = clamp(Math.floor(x0), 0, frame.width), top = clamp(Math.floor(y0), 0, frame.height);
	return {x: left, y: top, width: clamp(Math.ceil(x1), 0, frame.width) - left, height: clamp(Math.ceil(y1), 0, frame.height) - top};
}

/* Resolution in Angstrom at a place of a flat detector square to the beam; NaN where the geometry is not known. */
export function d_at(geometry, x, y) {
	if (!geometry)
		return NaN;
	const mm = Math.hypot((x - geometry.beam_px[0]) * geometry.pixel_mm[0], (y - geometry.beam_px[1]) * geometry.pixel_mm[1]);
	return geometry.wavelength_angstrom / (2 * Math.sin(Math.atan2(mm, geometry.distance_mm) / 2));
}

/* What to ask the node for, so that what is seen has a pixel for each dot, and no more: {region, bin}; region null: the whole frame. */
export function view_wanted(view, frame, box, ratio) {
	const bin = clamp(Math.floor(1 / (view.scale * ratio)), 1, 64), seen = view_seen(view, frame, box);
	if (seen.width * 1.2 >= frame.width && seen.height * 1.2 >= frame.height)
		return {region: null, bin: Math.max(frame.width, frame.height) <= 1100 ? 1 : 0};
	const more_x = Math.ceil(seen.width * .15), more_y = Math.ceil(seen.height * .15);
	const x = Math.max(0, seen.x - more_x), y = Math.max(0, seen.y - more_y);
	return {region: [x, y, Math.min(frame.width, seen.x + seen.width + more_x) - x, Math.min(frame.height, seen.y + seen.height + more_y) - y], bin};
}
