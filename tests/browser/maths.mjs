/* maths.mjs - the page's arithmetic, tried without a browser: run by test_page_maths.py, which gives the folder of the modules. Prints what does not hold. */
import assert from "node:assert/strict";
import path from "node:path";
import {pathToFileURL} from "node:url";

const load = name => import(pathToFileURL(path.join(process.argv[2], `${name}.js`)));
const {SCALES, limits, paint, placer, ramp, value_at} = await load("colours");
const {d_at, to_detector, to_screen, view_fit, view_new, view_wanted, view_zoom} = await load("view");
const {gaps_so_far, store, store_put} = await load("store");
const {grid_frame, grid_place} = await load("grid");
const {tile_read} = await load("link");
const {ticks, decades} = await load("axes");
const {short, whole} = await load("ui");

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);
const tests = {
	"a scale and its inverse"() {
		for (const scale of SCALES)
			for (const v of [2, 3, 17, 400, 1000])
				near(value_at(scale, 2, 1000, placer(scale, 2, 1000)(v)), v);
	},
	"values beyond the limits have the colours of the limits, no data its own"() {
		const pixels = new Uint32Array(4), colours = ramp("viridis");
		paint(new Uint16Array([0, 10, 70, 65535]), 65534, pixels, {map: "viridis", scale: "linear", low: 1, high: 60, hole: 7});
		assert.deepEqual([pixels[0], pixels[2], pixels[3]], [colours[0], colours[255], 7]);
		assert.equal(pixels[1], colours[Math.round(9 / 59 * 255)]);
	},
	"limits leave out what is no data"() {
		const values = new Uint16Array(1000).fill(65535);
		values.fill(3, 0, 500);
		assert.ok(limits(values, 65534, "linear").high < 100);
	},
	"the pixel under the cursor stays there"() {
		const view = view_new(), frame = {width: 4148, height: 4362}, box = {width: 538, height: 579};
		view_fit(view, frame, box);
		const before = to_detector(view, box, 100, 333);
		view_zoom(view, frame, box, 7.3, 100, 333);
		to_detector(view, box, 100, 333).forEach((v, i) => near(v, before[i]));
		to_screen(view, box, ...before).forEach((v, i) => near(v, [100, 333][i]));
	},
	"single pixels are asked for when near, all of it when far"() {
		const view = view_new(), frame = {width: 4148, height: 4362}, box = {width: 538, height: 579};
		view_fit(view, frame, box);
		assert.equal(view_wanted(view, frame, box, 1).region, null);
		view_zoom(view, frame, box, 300);
		const {bin, region: [x, y, width, height]} = view_wanted(view, frame, box, 1);
		assert.equal(bin, 1);
		assert.ok(x >= 0 && y >= 0 && x + width <= frame.width && y + height <= frame.height && width * view.scale >= box.width && height * view.scale >= box.height);
	},
	"resolution of a flat detector is Bragg's law"() {
		const geometry = {beam_px: [100, 100], pixel_mm: [.1, .1], distance_mm: 10, wavelength_angstrom: 1};
		near(d_at(geometry, 200, 100), 1 / (2 * Math.sin(Math.PI / 8)));
	},
	"updates put the columns together"() {
		const status = {unix_s: 1, ledger: [{term: "late", words: "came late", loss: true, total: 0, run: 0}]};
		store_put({type: "hello", status, history: {run: 1, origin_unix_s: 5, time: {width: 1, from: 0, frames: [1, 2, 3]}}});
		store_put({type: "update", status: {unix_s: 2, ledger: {late: [4, 2]}}, history: {run: 1, time: {width: 1, from: 2, frames: [9, 4]}}});
		assert.deepEqual([store.history.time.frames, store.history.origin_unix_s], [[1, 2, 9, 4], 5]);
		assert.deepEqual(store.status.ledger, [{of: null, term: "late", words: "came late", loss: true, total: 4, run: 2}]);
		store_put({type: "update", status, history: {run: 1, time: {width: 2, from: 0, frames: [3, 13]}}});
		assert.deepEqual(store.history.time.frames, [3, 13]);
		store_put({type: "update", status, history: {run: 2, origin_unix_s: 50, time: {width: 1, from: 0, frames: [1]}}});
		assert.deepEqual([store.history.time.frames, store.history.number], [[1], null]);
	},
	"holes in the frame numbers are seen, but not at the ends"() {
		assert.equal(gaps_so_far({width: 10, frames: [0, 3, 10, 8, 10, 4, 1]}), 2);
		assert.equal(gaps_so_far(null), 0);
	},
	"a snake goes back and forth"() {
		const layout = {columns: 3, rows: 2, snake: true};
		assert.deepEqual([0, 1, 2, 3, 4, 5].map(i => grid_place(i, layout)), [[0, 0], [1, 0], [2, 0], [2, 1], [1, 1], [0, 1]]);
		for (let i = 0; i < 6; i++)
			assert.equal(grid_frame(...grid_place(i, layout), layout), i);
	},
	"a tile is read as it is described"() {
		const bytes = new DataView(new ArrayBuffer(48 + 4));
		[..."SLT1"].forEach((c, i) => bytes.setUint8(i, c.charCodeAt(0)));
		bytes.setUint16(4, 48, true);
		bytes.setUint8(6, 1);
		bytes.setBigUint64(8, 77n, true);
		[5, 6, 3, 2, 1].forEach((v, i) => bytes.setUint32(16 + 4 * i, v, true));
		bytes.setUint16(48, 9, true);
		bytes.setUint16(50, 65535, true);
		const {id, x, y, bin, columns, rows, values, top} = tile_read(bytes.buffer);
		assert.deepEqual([id, x, y, bin, columns, rows, [...values], top], [77, 5, 6, 3, 2, 1, [9, 65535], 65534]);
		assert.throws(() => tile_read(new ArrayBuffer(64)));
		assert.throws(() => tile_read(bytes.buffer.slice(0, 50)));
	},
	"ticks are round and inside"() {
		assert.deepEqual(ticks(0, 1, 5), [0, .2, .4, .6, .8, 1]);
		assert.deepEqual(ticks(3, 3, 5), []);
		assert.deepEqual(decades(.5, 200), [1, 10, 100]);
	},
	"numbers in words"() {
		assert.deepEqual([whole(1234567), whole(NaN), short(.0001), short(12345), short(0), short(-2.5)], ["1\u202f234\u202f567", "–", "1.0e-4", "12.3k", "0", "-2.5"]);
	},
};

let wrong = 0;
for (const [name, test] of Object.entries(tests))
	try {
		test();
	} catch (error) {
		wrong++;
		console.log(`${name}: ${error.message}`);
	}
console.log(`${Object.keys(tests).length} looked at, ${wrong} do not hold`);
process.exitCode = wrong ? 1 : 0;
