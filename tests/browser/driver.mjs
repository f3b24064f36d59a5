/* driver.mjs - a browser for tests/support/browser.py: opens Debian's chromium and does what it is told, a JSON object a line each way.
 *
 *     node driver.mjs FOLDER      FOLDER/node_modules/playwright-core drives; chromium keeps its profile in a fresh folder that goes at the end
 * Every answer holds `ok` and `value`, or `error`. What the page says on its console and what goes wrong in it is kept and given to `said`. */
import fs from "node:fs";
import {createRequire} from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

const {chromium} = createRequire(path.join(path.resolve(process.argv[2]), "package.json"))("playwright-core");
const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const PATIENCE_MS = 60000;

const profile = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-browser-"));
const pages = [], said = [];
let context;

async function open({url, width, height, dark}) {
	const page = await context.newPage();
	page.on("console", m => said.push({kind: m.type(), text: m.text(), at: m.location().url}));
	page.on("pageerror", error => said.push({kind: "exception", text: error.stack}));
	page.on("requestfailed", r => said.push({kind: "failed", text: r.failure()?.errorText ?? "", at: r.url()}));
	await page.setViewportSize({width, height});
	await page.emulateMedia({colorScheme: dark ? "dark" : "light"});
	pages.push(page);
	await page.goto(url);
	return pages.length - 1;
}

const DOES = {
	open,
	async eval({page, script}) {
		return pages[page].evaluate(script);
	},
	/* Asked again and again from outside: in the page the security policy forbids to evaluate texts, as it should. */
	async wait({page, script}) {
		for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await new Promise(done => setTimeout(done, 30))) {
			const value = await pages[page].evaluate(script);
			if (value)
				return value;
		}
		throw new Error(`waited ${PATIENCE_MS / 1000} s in vain: ${script}`);
	},
	async click({page, on}) {
		await pages[page].click(on, {timeout: PATIENCE_MS});
	},
	async hover({page, on}) {
		await pages[page].hover(on, {timeout: PATIENCE_MS});
	},
	async fill({page, on, text}) {
		await pages[page].fill(on, text, {timeout: PATIENCE_MS});
	},
	async select({page, on, text}) {
		await pages[page].selectOption(on, text, {timeout: PATIENCE_MS});
	},
	async press({page, key}) {
		await pages[page].keyboard.press(key);
	},
	async move({page, x, y}) {
		await pages[page].mouse.move(x, y);
	},
	async wheel({page, by}) {
		await pages[page].mouse.wheel(0, by);
	},
	async picture({page, file, of}) {
		await (of ? pages[page].locator(of).first() : pages[page]).screenshot({path: file});
	},
	async said() {
		return said.splice(0);
	},
};

async function serve(line) {
	try {
		const order = JSON.parse(line);
		return {ok: true, value: (await DOES[order.do](order)) ?? null};
	} catch (error) {
		return {ok: false, error: String(error.stack || error)};
	}
}

try {
	context = await chromium.launchPersistentContext(profile, {executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: ARGUMENTS});
	process.stdout.write(`${JSON.stringify({ok: true, value: context.browser()?.version() ?? ""})}\n`);
	for await (const line of readline.createInterface({input: process.stdin}))
		process.stdout.write(`${JSON.stringify(await serve(line))}\n`);
} finally {
	await context?.close();
	fs.rmSync(profile, {recursive: true, force: true});
}
