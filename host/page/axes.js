/* axes.js - axes of the page's own canvases (waterfall, peakogram, map): ticks, numbers, names and units. Draws where it is told to. */
import {ink, short} from "./ui.js";

export const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";

let size_now = 0;

/* Of what is written on canvases; it follows the size of the page. */
export function text_size() {
	if (!size_now) {
		size_now = Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * .78);
		window.addEventListener("resize", () => size_now = 0, {once: true});
	}
	return size_now;
}

/* Round steps between two numbers, about n of them. */
export function ticks(low, high, n) {
	const span = high - low;
	if (!(span > 0))
		return [];
	const raw = span / Math.max(1, n), power = 10 ** Math.floor(Math.log10(raw));
	const step = [1, 2, 5, 10].find(m => m * power >= raw) * power, out = [];
	for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
		out.push(Number((i * step).toPrecision(10)));
	return out;
}

/* Powers of ten between two numbers. */
export function decades(low, high) {
	const out = [];
	for (let p = Math.ceil(Math.log10(low) - 1e-9); p <= Math.log10(high) + 1e-9; p++)
		out.push(10 ** p);
	return out;
}

/* What surrounds a plot of the canvas, CSS pixels. */
export function frame_of(width, height) {
	const size = text_size();
	return {left: size * 4.2, top: size * .65, right: width - size * .9, bottom: height - size * 2.9};
}

/* Draws both axes. x and y: {ticks, place(value) -> CSS pixel, name, say(value)}. */
export function axes(context, box, x, y) {
	const size = text_size();
	context.font = `${size}px ${FONT}`;
	context.fillStyle = ink("soft");
	context.strokeStyle = ink("line");
	context.lineWidth = 1;
	context.strokeRect(box.left - .5, box.top - .5, box.right - box.left + 1, box.bottom - box.top + 1);
	context.textAlign = "center";
	context.textBaseline = "top";
	context.beginPath();
	for (const value of x.ticks) {
		const place = Math.round(x.place(value)) + .5;
		context.moveTo(place, box.bottom);
		context.lineTo(place, box.bottom + 4);
		context.fillText((x.say || short)(value), place, box.bottom + 6);
	}
	context.textAlign = "right";
	context.textBaseline = "middle";
	for (const value of y.ticks) {
		const place = Math.round(y.place(value)) + .5;
		context.moveTo(box.left - 4, place);
		context.lineTo(box.left, place);
		context.fillText((y.say || short)(value), box.left - 6, place);
	}
	context.stroke();
	context.textAlign = "center";
	context.textBaseline = "bottom";
	context.fillText(x.name, (box.left + box.right) / 2, box.bottom + size * 2.85);
	context.save();
	context.translate(size * .2, (box.top + box.bottom) / 2);
	context.rotate(-Math.PI / 2);
	context.textBaseline = "top";
	context.fillText(y.name, 0, 0);
	context.restore();
}

/* Words in the middle of an empty plot. */
export function empty(context, width, height, words) {
	context.font = `${text_size()}px ${FONT}`;
	context.fillStyle = ink("soft");
	context.textAlign = "center";
	context.textBaseline = "middle";
	words.split("\n").forEach((line, i, all) => context.fillText(line, width / 2, height / 2 + (i - (all.length - 1) / 2) * text_size() * 1.5));
}
