import { browser } from "@web/core/browser/browser";

/** What the agent refused: `code` as it says it, `params` what the code's sentence names. */
export class AgentError extends Error {
    constructor(code, params = {}) {
        super(code);
        this.code = code;
        this.params = params;
    }
}

/**
 * The signing agent of this computer. The key that it gave this browser stays in the browser: it is worth nothing
 * without a human at the agent's own page.
 */
export class DesktopAgent {
    constructor(port) {
        this.url = `http://127.0.0.1:${port}`;
        this.storage = `l10n_tn_edi_agent_${port}`;
    }

    async ask(path, values = {}) {
        let answer;
        try {
            const response = await browser.fetch(this.url + path, {
                method: "POST",
                mode: "cors",
                credentials: "omit",
                cache: "no-store",
                headers: {
                    "Content-Type": "application/json",
                    Authorization: `Bearer ${browser.localStorage.getItem(this.storage) || ""}`,
                },
                body: JSON.stringify(values),
            });
            answer = await response.json();
        } catch {
            // Not there, or it does not know our origin: the browser tells pages no more than that
            throw new AgentError("agent.desk_silent");
        }
        if (answer.error) {
            throw new AgentError(answer.error, answer.params);
        }
        return answer;
    }

    /** Have the agent show a code on a page of its own. */
    async beginPairing() {
        await this.ask("/pair/begin");
    }

    async pair(code) {
        const { key } = await this.ask("/pair", { code });
        browser.localStorage.setItem(this.storage, key);
    }
}
