/* grid.js - the map of a grid scan: score, spots, d_min or background over position. Rows and columns are the node's, or what the people at the screen say. */
import {at, canvas_fit, on_theme, painter, quantile, say, short, whole} from "./ui.js";
import {axes, empty, ticks} from "./axes.js";
import {heat_box, heat_draw, heat_scale} from "./heat.js";
import {ask} from "./link.js";
import {store} from "./store.js";

const now = {layout: null, own: null, values: new Float32Array(0), run: "", visible: false, asking: false, due: false, whole_ms: 0, cell: 1, origin: [0, 0], pointer: null};

const NAMES = {score: "score", n_spots: "spots", d_min: "dₘᵢₙ / Å", background: "counts/px"};

const layout = () => now.own || now.layout;
const quantity = () => at("map_quantity").value;

/* Where frame i of a scan is: [column, row]. */
export function grid_place(i, {columns, snake}) {
	const row = Math.floor(i / columns), column = i % columns;
	return [snake && row % 2 ? columns - 1 - column : column, row];
}

export function grid_frame(column, row, {columns, snake}) {
	return row * columns + (snake && row % 2 ? columns - 1 - column : column);
}

function field({columns, rows, snake}) {
	const out = new Float32Array(columns * rows).fill(NaN);
	for (let i = 0; i < Math.min(now.values.length, columns * rows); i++) {
		const [column, row] = grid_place(i, {columns, snake});
		out[row * columns + column] = now.values[i];
	}
	return out;
}

/* Square cells, as large as fit. */
function cells(box, {columns, rows}) {
	const cell = Math.min((box.right - box.left) / columns, (box.bottom - box.top) / rows), width = cell * columns, height = cell * rows;
	now.cell = cell;
	now.origin = [box.left, box.top];
	return {...box, right: box.left + width, bottom: box.top + height, scale: Math.min(box.scale, box.left + width + (box.scale - box.right))};
}

const draw = painter(() => {
	const {context, width, height} = canvas_fit(at("map_canvas")), l = layout();
	context.clearRect(0, 0, width, height);
	if (!l || !(l.columns > 0) || !(l.rows > 0) || l.columns * l.rows > 4e6) {
		empty(context, width, height, "No grid is known:\nsay below how many columns and rows it has.");
		return;
	}
	const box = cells(heat_box(width, height), l), values = field(l), sorted = now.values.filter(Number.isFinite).sort(), least = quantile(sorted, .01) || 0;
	const look = {scale: "linear", low: quantity() === "d_min" ? least : Math.min(0, least), high: quantile(sorted, .995) || 1};
	heat_draw(context, box, {columns: l.columns, rows: l.rows, values, ...look});
	const whole_ticks = (n, room) => ticks(0, n, room).filter(Number.isInteger).filter(v => v < n);
	axes(context, box,
		{ticks: whole_ticks(l.columns, (box.right - box.left) / 45), place: v => box.left + (v + .5) * now.cell, name: "column"},
		{ticks: whole_ticks(l.rows, (box.bottom - box.top) / 28), place: v => box.top + (v + .5) * now.cell, name: "row"});
	heat_scale(context, box, {...look, name: NAMES[quantity()]});
	const r = at("map_canvas").getBoundingClientRect();
	at("map_canvas").dataset.cells = JSON.stringify({x: r.left + box.left, y: r.top + box.top, cell: now.cell}); /* where they are, for whoever drives the page */
});

const LATE = 256;        /* values before the last one that may still have come */
const WHOLE_MS = 10000;  /* all of them so often, for those that came later still */
const PAUSE_MS = 400;

/* The values that are new, one request at a time; all of them for a new run. */
async function fetch_values() {
	if (!now.visible || !now.layout || now.asking) {
		now.due = now.asking;
		return;
	}
	const run = `${now.layout.run} ${quantity()}`, whole_due = run !== now.run || performance.now() - now.whole_ms > WHOLE_MS;
	const from = whole_due ? 0 : Math.max(0, now.values.length - LATE);
	now.asking = true;
	try {
		const tail = new Float32Array(await ask(`/api/map.f32?quantity=${quantity()}&from=${from}`, "arrayBuffer")), values = new Float32Array(from + tail.length);
		values.set(now.values.subarray(0, from));
		values.set(tail, from);
		now.values = values;
		now.run = run;
		if (whole_due)
			now.whole_ms = performance.now();
		draw();
		tell();
	} catch { /* the next update asks again */
	}
	setTimeout(() => {
		now.asking = false;
		if (now.due)
			fetch_values();
	}, PAUSE_MS);
}

function fields() {
	const l = layout();
	if (!l || at("map_form").contains(document.activeElement))
		return;
	at("map_columns").value = l.columns;
	at("map_rows").value = l.rows;
	at("map_snake").checked = l.snake;
	fields_say();
}


function fields_say() {
	const guessed = !now.own && now.layout?.guessed;
	at("map_form").classList.toggle("guessed", guessed);
	at("map_form").title = now.own ? "as said here; until the next run" : guessed ? "guessed from the number of frames" : "as the node's configuration has it";
}

export function grid_show(map) {
	if (!map)
		return;
	if (now.layout && now.layout.run !== map.run)
		now.own = null;
	now.layout = map;
	fields();
	fetch_values();
}

export function grid_visible(visible) {
	now.visible = visible;
	fetch_values();
	draw();
}

/* The place under the cursor: {column, row, frame}, or null. */
function under(event) {
	const l = layout(), r = at("map_canvas").getBoundingClientRect();
	if (!l)
		return null;
	const column = Math.floor((event.clientX - r.left - now.origin[0]) / now.cell), row = Math.floor((event.clientY - r.top - now.origin[1]) / now.cell);
	return column >= 0 && row >= 0 && column < l.columns && row < l.rows ? {column, row, frame: grid_frame(column, row, l)} : null;
}

/* What is under the cursor, also where its value comes while the cursor rests there. */
function tell() {
	const place = now.pointer && under(now.pointer);
	at("map_canvas").title = place ? `column ${place.column}, row ${place.row}: frame ${whole(place.frame)}, ${NAMES[quantity()]} ${short(now.values[place.frame])}` : "";
}

/* A click shows the frame that was measured there, as long as it is among the last hits. */
function click(event, choose) {
	const frame = under(event)?.frame, hit = store.frames?.hits.find(h => h.image === frame && h.run === now.layout.run);
	if (hit)
		choose(hit.id);
}

export function grid_open(choose) {
	const own = () => {
		now.own = {columns: Number(at("map_columns").value), rows: Number(at("map_rows").value), snake: at("map_snake").checked};
		fields_say();
		draw();
	};
	for (const id of ["map_columns", "map_rows", "map_snake"])
		at(id).onchange = own;
	at("map_quantity").onchange = () => {
		at("map_quantity").blur();
		fetch_values();
	};
	at("map_canvas").onclick = event => click(event, choose);
	at("map_form").onsubmit = event => event.preventDefault();
	at("map_canvas").addEventListener("pointermove", event => {
		now.pointer = {clientX: event.clientX, clientY: event.clientY};
		tell();
	});
	at("map_canvas").addEventListener("pointerleave", () => now.pointer = null);
	on_theme(draw);
	new ResizeObserver(draw).observe(at("map_box"));
}
