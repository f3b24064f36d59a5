/* colours.js - colour maps and how counts become colours: linear, square root or logarithm between two limits. Pure. */

/* Points along each map, evenly spaced, as published (viridis, inferno, cividis: even steps for every eye); between them straight lines. */
const POINTS = {
	"ink on paper": ["fffefb", "d6d5d2", "acacaa", "838383", "5b5b5d", "35363a", "101216"],
	"grey": ["000000", "2a2a2a", "555555", "808080", "aaaaaa", "d5d5d5", "ffffff"],
	"viridis": ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"],
	"inferno": ["000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4"],
	"cividis": ["00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838"],
};

export const NAMES = Object.keys(POINTS);
export const SCALES = ["linear", "sqrt", "log"];

const parse = hex => [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
export const packed = (r, g, b) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
export const packed_hex = hex => packed(...parse(hex.replace("#", "")));

const ramps = new Map();

/* 256 colours as an image's pixels have them (RGBA, little-endian). */
export function ramp(name) {
	if (ramps.has(name))
		return ramps.get(name);
	const points = (POINTS[name] || POINTS.viridis).map(parse), out = new Uint32Array(256);
	for (let i = 0; i < 256; i++) {
		const place = i / 255 * (points.length - 1), k = Math.min(points.length - 2, Math.floor(place)), part = place - k;
		out[i] = packed(...[0, 1, 2].map(c => Math.round(points[k][c] + (points[k + 1][c] - points[k][c]) * part)));
	}
	ramps.set(name, out);
	return out;
}

export function css(pixel) {
	return `rgb(${pixel & 255} ${pixel >> 8 & 255} ${pixel >> 16 & 255})`;
}

/* The place of a value between the limits, 0 to 1. The logarithm counts from one above the lower limit, so that no counts have a place, too. */
export function placer(scale, low, high) {
	const span = Math.max(high - low, 1e-9);
	const cut = v => v <= low ? 0 : v >= high ? 1 : (v - low) / span;
	if (scale === "sqrt")
		return v => Math.sqrt(cut(v));
	if (scale === "log") {
		const top = Math.log1p(span);
		return v => Math.log1p(cut(v) * span) / top;
	}
	return cut;
}

/* The value at a place: the inverse of the above. */
export function value_at(scale, low, high, place) {
	const span = Math.max(high - low, 1e-9);
	if (scale === "sqrt")
		return low + place * place * span;
	if (scale === "log")
		return low + Math.expm1(place * Math.log1p(span));
	return low + place * span;
}

const TABLE = 1 << 16;

/* Colours for values into an image's pixels; what is above `top` (no data, masked) gets the colour for that. */
export function paint(values, top, pixels, {map, scale, low, high, hole}) {
	const colours = ramp(map), place = placer(scale, low, high);
	const colour = v => colours[Math.round(place(v) * 255)];
	if (values instanceof Float32Array) {
		for (let i = 0; i < values.length; i++)
			pixels[i] = values[i] <= top ? colour(values[i]) : hole;
		return;
	}
	const n = Math.min(TABLE, Math.ceil(Math.max(high, 0)) + 1), table = new Uint32Array(n);
	for (let v = 0; v < n; v++)
		table[v] = colour(v);
	for (let i = 0; i < values.length; i++) {
		const v = values[i];
		pixels[i] = v > top ? hole : v < n ? table[v] : colour(v);
	}
}

/* Limits that show the background as well as the spots: from a sample of the values, none of them above `top`. */
export function limits(values, top, scale) {
	const step = Math.max(1, Math.floor(values.length / 40000)), sample = [];
	for (let i = 0; i < values.length; i += step)
		if (values[i] <= top)
			sample.push(values[i]);
	if (!sample.length)
		return {low: 0, high: 1};
	sample.sort((a, b) => a - b);
	const at = share => sample[Math.min(sample.length - 1, Math.floor(share * sample.length))];
	const middle = at(.5), bright = at(.999);
	if (scale === "log")
		return {low: Math.min(at(.01), middle), high: Math.max(sample.at(-1), middle * 30, 20)};
	return {low: Math.min(at(.01), middle * .5), high: Math.max(middle * (scale === "sqrt" ? 14 : 7), Math.min(bright, middle * 20 + 20), at(.99) * 1.3, 4)};
}
