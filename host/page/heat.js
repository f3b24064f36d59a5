/* heat.js - a field of numbers as colours with axes and a colour scale: what waterfall, peakogram and map share. */
import {ink, short} from "./ui.js";
import {FONT, frame_of, text_size} from "./axes.js";
import {css, packed_hex, placer, ramp, value_at} from "./colours.js";

const MAP = "viridis";

/* Room for the colour scale at the right. */
export function heat_box(width, height) {
	const box = frame_of(width, height);
	box.scale = box.right - text_size() * 3.4;
	return {...box, right: box.scale - text_size() * .7};
}

/* values: rows x columns; what is not a number stays as the ground. Drawn into the box, first row at the top. */
export function heat_draw(context, box, {columns, rows, values, scale, low, high, place}) {
	const canvas = heat_draw.canvas ||= document.createElement("canvas"), to = canvas.getContext("2d");
	canvas.width = columns;
	canvas.height = rows;
	const image = new ImageData(columns, rows), pixels = new Uint32Array(image.data.buffer), colours = ramp(MAP), at = placer(scale, low, high);
	const hole = packed_hex(hex_of(ink("field")));
	for (let i = 0; i < pixels.length; i++)
		pixels[i] = Number.isFinite(values[i]) ? colours[Math.round(at(values[i]) * 255)] : hole;
	to.putImageData(image, 0, 0);
	const p = place || {x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top};
	context.save();
	context.beginPath();
	context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
	context.clip();
	context.imageSmoothingEnabled = p.width < columns;
	context.drawImage(canvas, p.x, p.y, p.width, p.height);
	context.restore();
}

const hex_of = colour => colour.length === 4 ? [...colour.slice(1)].map(c => c + c).join("") : colour.slice(1);

export function heat_scale(context, box, {scale, low, high, name}) {
	const colours = ramp(MAP), size = text_size(), width = size * .8, x = box.scale;
	for (let y = Math.ceil(box.top); y < box.bottom; y++) {
		context.fillStyle = css(colours[Math.round((1 - (y - box.top) / (box.bottom - box.top)) * 255)]);
		context.fillRect(x, y, width, 1.5);
	}
	context.font = `${size}px ${FONT}`;
	context.fillStyle = ink("soft");
	context.textAlign = "left";
	for (const [place, line] of [[0, "bottom"], [.5, "middle"], [1, "top"]]) {
		context.textBaseline = line;
		context.fillText(short(value_at(scale, low, high, place)), x + width + 3, box.bottom - place * (box.bottom - box.top));
	}
	context.textAlign = "right";
	context.textBaseline = "bottom";
	context.fillText(name, x + width + size * 2.6, box.bottom + size * 2.85);
}


