/* ui.js - what every part of the page uses: elements, numbers in words, colours of the theme. Asks nobody, keeps nothing but the theme. */

export const at = id => document.getElementById(id);

/* An element with properties, attributes (names with a dash, role) and children. */
export function make(tag, properties = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(properties))
		if (name.includes("-") || name === "role" || name === "for")
			element.setAttribute(name, value);
		else
			element[name] = value;
	element.append(...children);
	return element;
}

/* Writes only what changes: the browser then has nothing to lay out. */
export function say(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

export function show(element, visible) {
	if (element.hidden === visible)
		element.hidden = !visible;
}

/* --- numbers in words --- */

export const DASH = "–";
export const known = n => typeof n === "number" && Number.isFinite(n);

export function whole(n) {
	return known(n) ? Math.round(n).toLocaleString("en-GB").replaceAll(",", "\u202f") : DASH;
}

export function fixed(n, digits) {
	return known(n) ? n.toFixed(digits) : DASH;
}

/* About three digits, for scales and tables. */
export function short(n) {
	if (!known(n))
		return DASH;
	const size = Math.abs(n);
	if (size >= 1e9 || (size > 0 && size < 1e-3))
		return n.toExponential(1).replace("e+", "e");
	if (size >= 1e6)
		return `${Number((n / 1e6).toPrecision(3))}M`;
	if (size >= 1e4)
		return `${Number((n / 1e3).toPrecision(3))}k`;
	return String(Number(n.toPrecision(3)));
}

export function per_second(n) {
	return n >= 100 ? whole(n) : fixed(n, 1);
}

export function milliseconds(n) {
	if (!known(n))
		return DASH;
	if (n >= 1000)
		return `${(n / 1000).toFixed(1)}\u2009s`;
	return `${n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2)}\u2009ms`;
}

export function duration(s) {
	const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
	return h ? `${h} h ${m} min` : m ? `${m} min ${Math.floor(s) % 60} s` : `${Math.floor(s)} s`;
}

export function bytes(n) {
	if (!known(n))
		return DASH;
	const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(n, 1)) / 3)));
	return `${Number((n / 1000 ** power).toPrecision(3))}\u2009${["B", "kB", "MB", "GB", "TB"][power]}`;
}

export const clamp = (n, low, high) => Math.min(high, Math.max(low, n));

/* The value below which the given share of the sorted numbers lies. */
export function quantile(sorted, share) {
	return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : NaN;
}

/* --- theme --- */

const cache = new Map(), waiting = [];

/* A colour of the theme by its name in style.css, for what is drawn on a canvas. */
export function ink(name) {
	if (!cache.has(name))
		cache.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
	return cache.get(name);
}

export function on_theme(call) {
	waiting.push(call);
}

export const is_dark = () => document.documentElement.dataset.theme === "dark";

export function theme_set(dark) {
	document.documentElement.dataset.theme = dark ? "dark" : "light";
	cache.clear();
	waiting.forEach(call => call());
}

/* --- what is remembered on this screen, where the browser allows it --- */

export function recall(key, otherwise) {
	try {
		const value = localStorage.getItem(`sluice.${key}`);
		return value === null ? otherwise : JSON.parse(value);
	} catch {
		return otherwise;
	}
}

export function remember(key, value) {
	try {
		localStorage.setItem(`sluice.${key}`, JSON.stringify(value));
	} catch { /* it is a convenience */ }
}

/* --- drawing --- */

/* Calls it once before the next picture, however often asked; not at all while nobody can see it. */
export function painter(draw) {
	let due = false;
	return () => {
		if (due)
			return;
		due = true;
		requestAnimationFrame(() => {
			due = false;
			draw();
		});
	};
}

/* Fits a canvas to its place, in device pixels; true where it changed. Returns with the context scaled to CSS pixels. */
export function canvas_fit(canvas) {
	const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
	const context = canvas.getContext("2d");
	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
	}
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	return {context, width, height, ratio};
}
