import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { FixtureApi } from "./fixture-api.ts";
import { FIXTURE_KEYS, startFixtureApi } from "./fixture-api.ts";
import { pageProblems } from "./page-checks.ts";

const CHROMIUM =
  [process.env["SPILLWAY_CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
    (path) => path !== undefined && existsSync(path),
  ) ?? null;

const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

if (CHROMIUM === null) {
  console.warn("The browser tests are SKIPPED: no chromium found. Set SPILLWAY_CHROMIUM to one.");
}

describe.skipIf(CHROMIUM === null)("the control room in a browser", () => {
  let browser: Browser;
  let dist: string;

  beforeAll(async () => {
    dist = await mkdtemp(join(tmpdir(), "spillway-dashboard-"));
    const root = join(import.meta.dirname, "..");
    await build({ root, logLevel: "error", build: { outDir: dist, emptyOutDir: true } });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: CHROMIUM_FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(dist, { recursive: true, force: true });
  });

  type Given = {
    readonly path?: string;
    readonly key?: string;
    readonly theme?: "light" | "dark";
    readonly width?: number;
    readonly isEmpty?: boolean;
    readonly speed?: number;
  };

  /** A page on its own server; whatever the browser complains about fails the test. */
  async function open(given: Given = {}): Promise<{ page: Page; api: FixtureApi }> {
    const { isEmpty = false, speed = 1, theme = "light", width = 1_280 } = given;
    const api = await startFixtureApi({ dist, isEmpty, speed });
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: theme,
    });
    // Shorter than a test's time, so that what fails is the step that waited in vain, by its name.
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      const isExpected = /Failed to load resource|ERR_INCOMPLETE/.test(message.text());
      if (message.type() === "error" && !isExpected) complaints.push(message.text());
    });
    onTestFinished(async () => {
      await context.close();
      await api.close();
      expect(complaints).toEqual([]);
    });
    await page.goto(`${api.url}${given.path ?? "/"}#key=${given.key ?? FIXTURE_KEYS.operator}`);
    return { page, api };
  }

  const row = (page: Page, feature: string) => page.getByRole("row").filter({ hasText: feature });

  test("the key is taken out of the address and the board says why each rollout is where it is", async () => {
    const { page } = await open();
    const held = row(page, "support-reply");
    await held.waitFor();
    expect(page.url()).not.toContain("key");
    const text = await held.innerText();
    expect(text).toContain("Hold");
    expect(text).toContain("set 10%, actual 10%");
    expect(text).toContain("the edit rate is 1.3 points above the baseline");
    expect(await page.getByRole("list", { name: "Problems" }).innerText()).toContain(
      "invoice-extraction",
    );
    expect(await page.getByRole("region", { name: "Gateways" }).innerText()).toContain("2 behind");
    expect(await row(page, "release-notes").count()).toBe(0);
    await page.getByRole("button", { name: /Nothing under way/ }).click();
    await row(page, "release-notes").waitFor();
    expect(page.url()).toContain("others");
  });

  test("a wrong key is refused in words, a typed one opens the board", async () => {
    const { page } = await open({ key: "wrong" });
    await page.getByRole("alert").waitFor();
    await page.getByLabel("API key").fill(FIXTURE_KEYS.operator);
    await page.keyboard.press("Enter");
    await row(page, "support-reply").waitFor();
  });

  test("the keyboard moves through rows, opens one, and comes back", async () => {
    const { page } = await open();
    await row(page, "support-reply").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: /Held in canary 10%/ }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // The second key has to follow soon, and a busy machine may keep it back: then again, as one would.
    await vi.waitFor(
      async () => {
        await page.keyboard.press("g");
        await page.keyboard.press("b");
        const board = page.getByRole("heading", { level: 1, name: "Releases" });
        await board.waitFor({ timeout: 3_000 });
      },
      { timeout: 20_000 },
    );
    await page.keyboard.press("/");
    await page.keyboard.type("contract");
    await row(page, "support-reply").waitFor({ state: "detached" });
    expect(page.url()).toContain("filter=contract");
    expect(await row(page, "contract-search").count()).toBe(1);
  });

  test("rolling back names what will serve, wants a reason, and posts it", async () => {
    const { page, api } = await open({ path: "/rollouts/roll_02held" });
    await page.getByRole("button", { name: "Roll back support-reply to support-reply@31" }).click();
    const dialog = page.getByRole("dialog", {
      name: "Roll back support-reply to support-reply@31?",
    });
    expect(await dialog.innerText()).toContain("support-reply@31 serves 100% of support-reply");
    const focused = () => page.evaluate(() => document.activeElement?.tagName);
    expect(await focused()).toBe("TEXTAREA");
    await dialog.getByRole("button", { name: "Roll back to support-reply@31" }).click();
    await dialog.getByRole("alert").waitFor();
    expect(api.actions).toEqual([]);
    await dialog.getByLabel(/Reason/).fill("Edits doubled in email.");
    await dialog.getByRole("button", { name: "Roll back to support-reply@31" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(api.actions).toEqual([
      {
        path: "roll_02held/rollback",
        body: { note: "Edits doubled in email.", full: false, override: false },
      },
    ]);
    await page.getByRole("heading", { level: 1, name: /ines rolled support-reply back/ }).waitFor();
  });

  test("the earlier rollouts of a feature are found from the board, and say how they ended", async () => {
    const { page } = await open({ path: "/?others=true" });
    await row(page, "invoice-extraction").waitFor();
    const shown = await row(page, "invoice-extraction").innerText();
    expect(shown).toContain("served nobody since");
    expect(shown).not.toContain("actual");
    await page.getByRole("link", { name: "2 earlier rollouts of invoice-extraction" }).click();
    const earlier = page.getByRole("region", { name: "Earlier rollouts of invoice-extraction" });
    await earlier.getByRole("link").first().waitFor();
    expect(await earlier.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringContaining("mara aborted the rollout") as string,
      expect.stringContaining("The rollout is complete.") as string,
    ]);
    expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(0);
    await earlier.getByRole("link").first().click();
    await page.getByRole("heading", { level: 1, name: /mara aborted/ }).waitFor();
    const main = page.getByRole("main");
    await main.getByText("Nothing to take back here").waitFor();
    expect(await main.getByRole("button", { name: /^Roll/ }).count()).toBe(0);
    expect(await page.getByRole("region", { name: "Traffic" }).innerText()).toContain(
      "served nobody since",
    );
    expect(await page.getByRole("heading", { name: /^Other rollouts/ }).count()).toBe(1);
  });

  test("from a complete rollout it is the feature that is rolled back", async () => {
    const { page, api } = await open({ path: "/rollouts/roll_07done" });
    await page.getByRole("button", { name: "Roll faq-answer back to faq-answer@9" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.innerText()).toContain("It is the feature that goes back");
    await dialog.getByLabel(/Reason/).fill("Wrong tone.");
    await dialog.getByRole("button", { name: /^Roll back to/ }).click();
    await dialog.waitFor({ state: "detached" });
    const body = { note: "Wrong tone.", to: "faq-answer@9" };
    expect(api.actions).toEqual([{ path: "faq-answer/rollback", body }]);
  });

  test("promote waits for its requirements and lists them; a viewer sees why, and may ask to roll back", async () => {
    const { page } = await open({ path: "/rollouts/roll_01shadow", key: FIXTURE_KEYS.viewer });
    const promote = page.getByRole("button", { name: /^Promote/ });
    await promote.waitFor();
    expect(await promote.isDisabled()).toBe(true);
    const main = await page.getByRole("main").innerText();
    expect(main).toContain("Your key has the role viewer; this needs operator.");
    expect(main).toContain("shadow needs 1,000 pairs; 812 are there.");
    expect(main).toContain("Nobody received the candidate's answers.");
    await page.getByRole("button", { name: /^Roll back/ }).click();
    await page.getByLabel(/Reason/).fill("Trying.");
    await page.getByRole("button", { name: /^Roll back to/ }).click();
    await page.getByRole("alert").filter({ hasText: "needs operator" }).waitFor();
  });

  test("a decision explains itself and the link to it opens it", async () => {
    const { page } = await open({ path: "/rollouts/roll_02held" });
    await page.getByRole("button", { name: /Explain decision 3/ }).click();
    await page.getByText("The odds that there is harm at all").waitFor();
    expect(page.url()).toContain("decision=dec_02held_3");
    await page.reload();
    await page.getByText("The odds that there is harm at all").waitFor();
  });

  test("a revised strategy says when, by whom and why, in both themes", async () => {
    for (const theme of ["light", "dark"] as const) {
      const { page } = await open({ path: "/rollouts/roll_01shadow", theme });
      const revised = page.getByRole("region", { name: "Strategy, as revised" });
      await revised.getByText("Two days do not hold a weekend.").waitFor();
      const text = await revised.innerText();
      expect(text).toContain("Revision 2");
      expect(text).toMatch(/\d{1,2}.*by ines/);
      expect(text).toContain("stages.shadow.least.duration was 2d and is 3d.");
      const stages = await page.getByRole("region", { name: "Stages" }).innerText();
      expect(stages).toContain("strategy tier1-clinical, revision 2");
      expect(await pageProblems(page)).toEqual([]);
    }
    const { page } = await open({ path: "/rollouts/roll_02held" });
    await page.getByRole("region", { name: "Decisions" }).getByText("by mara").waitFor();
    expect(await page.getByRole("region", { name: "Strategy, as revised" }).count()).toBe(0);
  });

  test("changes arrive by themselves, and a broken stream is opened again", async () => {
    const { page, api } = await open({ speed: 360 });
    await page.locator("[data-live=live]").waitFor();
    expect(await page.getByRole("banner").innerText()).toContain("clock \u00d7360");
    api.breakStreams();
    await page.locator("[data-live=reconnecting]").waitFor();
    await page.locator("[data-live=live]").waitFor();
    const fetched = page.waitForRequest((request) => request.url().includes("/rollouts"));
    api.announce({ kind: "rollout", feature: "x", rolloutId: null, snapshotRevision: null });
    await fetched;
  });

  test("an empty board shows the command that fills it", async () => {
    const { page } = await open({ isEmpty: true });
    await page.getByText("npm run demo").waitFor();
  });

  test("the ledger verifies its chain", async () => {
    const { page } = await open({ path: "/ledger" });
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.getByText("Intact").waitFor();
  });

  test.each(["light", "dark"] as const)("%s: names, heads, targets and contrast", async (theme) => {
    const { page } = await open({ theme, path: "/?others=true" });
    await row(page, "release-notes").waitFor();
    expect(await pageProblems(page)).toEqual([]);
    for (const path of ["/rollouts/roll_02held", "/rollouts/roll_01shadow", "/ledger"]) {
      await page.goto(new URL(path, page.url()).href);
      await page.getByRole("table").first().waitFor();
      expect(await pageProblems(page)).toEqual([]);
    }
    const other = theme === "light" ? "dark" : "light";
    await page.getByRole("button", { name: `Use the ${other} theme` }).click();
    await page.reload();
    expect(await page.locator("html").getAttribute("data-theme")).toBe(other);
  });

  test("the checks of a page find what is planted", async () => {
    const { page } = await open();
    await row(page, "support-reply").waitFor();
    await page.evaluate(() => {
      const main = document.querySelector("main");
      main?.insertAdjacentHTML("beforeend", "<button></button><p>faint</p><table></table>");
      for (const planted of document.querySelectorAll<HTMLElement>("main > button, main > p")) {
        planted.style.color = "#bbb";
        planted.style.width = "9px";
      }
    });
    const found = (await pageProblems(page)).join("; ");
    expect(found).toContain("has no name");
    expect(found).toContain("is 9 by ");
    expect(found).toContain("contrast of 1.");
    expect(found).toContain("a table has no column heads");
  });

  test("text from outside stays text", async () => {
    const { page, api } = await open({ path: "/rollouts/roll_02held" });
    await page.getByRole("button", { name: /^Roll back/ }).click();
    await page.getByLabel(/Reason/).fill("<img src=x onerror=alert(1)> \u202e");
    await page.getByRole("button", { name: /^Roll back to/ }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const title = page.getByRole("heading", { level: 1, name: /<img src=x onerror/ });
    await title.waitFor();
    expect(await title.innerText()).toContain("\u27e8U+202E\u27e9");
    expect(await page.locator("main img").count()).toBe(0);
    expect(api.actions).toHaveLength(1);
  });

  test("board and rollout fit on 320 pixels", async () => {
    const { page } = await open({ width: 320 });
    await row(page, "support-reply").waitFor();
    for (const path of [
      "/?others=true",
      "/rollouts/roll_01shadow",
      "/rollouts/roll_02held",
      "/rollouts/roll_06bad",
    ]) {
      await page.goto(new URL(path, page.url()).href);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([path, beyond]).toEqual([path, 0]);
    }
  });
});
